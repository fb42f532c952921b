import { readFileSync } from 'node:fs';
import { Failure, isFailure, reasonOf } from '../../engine/domain/failures.ts';
import { type Login, sshConnectAs } from '../../engine/ssh/connect.ts';
import { converge, type Host, lookAt, remove, StepFailed, seeFit } from './converge.ts';
import type { Secrets, Wanted } from './wanted.ts';

/** What Pulumi hands over, and gets back with what was found. Its engine hides `secrets`, since it came in hidden. */
export interface HostProps {
  readonly target: Target;
  readonly wanted: Wanted;
  readonly secrets: Secrets;
  /** Names of steps that were found undone, by a look or because one of them failed. */
  readonly undone?: readonly string[];
}

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly hostKey: string;
  readonly user: string;
  readonly sshKeyFile: string | null;
}

/**
 * Another address is another control host: the old one is taken down first, once the new one was seen to be fit. So is
 * another key at another port of it. Another key alone is a VPS made anew, and another port the same one, reached otherwise.
 * What a preview cannot know yet comes as a text in its place, and counts as changed.
 */
export async function diff(olds: HostProps, news: HostProps) {
  const rest = ({ target, wanted: { release, ...wanted }, secrets }: HostProps): string =>
    canonical([target, wanted, release.sha256, secrets]);
  const known = [news.wanted, news.secrets].every((one: unknown) => typeof one === 'object');
  const changed = (key: keyof Target): boolean => olds.target[key] !== news.target[key];
  const isAnother = changed('host') || (changed('port') && changed('hostKey'));
  if (isAnother) await seeFit(hostAt(news.target), never).catch((cause: unknown) => Promise.reject(inWords(cause)));
  return {
    changes: !known || rest(olds) !== rest(news) || (olds.undone ?? []).length > 0,
    replaces: isAnother ? ['target'] : [],
    deleteBeforeReplace: true,
  };
}

/** As `make`. A port that the firewall of the host does not let in yet is opened through the one before. */
export async function update(olds: HostProps, news: HostProps): Promise<{ id: string; outs: HostProps }> {
  if (olds.target.port !== news.target.port) {
    try {
      await openPort(hostAt(news.target), hostAt({ ...news.target, port: olds.target.port }), news);
    } catch (cause) {
      throw inWords(cause);
    }
  }
  return await make(news);
}

async function openPort(there: Host, before: Host, { target, wanted, secrets }: HostProps): Promise<void> {
  const { address } = there;
  if (await answers(there)) return;
  if (!(await answers(before)))
    throw new Error(
      `Neither ${address} nor ${before.address} answers. If its sshd listens on ${target.port} already, its firewall still lets in only the port before: "systemctl stop dumont-firewall" on the VPS's own console, then "npx pulumi up".`,
    );
  await converge(before, wanted, secrets, never);
  if (await answers(there)) return;
  throw new Error(
    `${address} does not answer, and ${before.address} does. Add "Port ${target.port}" to /etc/ssh/sshd_config beside the port that is there, "systemctl reload ssh" (where ssh.socket is in use, "systemctl daemon-reload" and "systemctl restart ssh.socket"), then "npx pulumi up". When that is through, take the old port out.`,
  );
}

/** Whether anybody at all listens there; another host key than the pinned one is a failure all the same. */
async function answers(host: Host): Promise<boolean> {
  try {
    await (await host.open(never))[Symbol.asyncDispose]();
    return true;
  } catch (cause) {
    if (isFailure(cause, 'ssh_refused')) return false;
    throw cause;
  }
}

/** Look, and make what is missing. */
export async function make(props: HostProps): Promise<{ id: string; outs: HostProps }> {
  const { target, wanted, secrets } = props;
  const id = `${target.host}:${target.port}`;
  try {
    await converge(hostAt(target), wanted, secrets, never);
    return { id, outs: { ...props, undone: [] } };
  } catch (cause) {
    if (!(cause instanceof StepFailed) || cause.step === id) throw inWords(cause);
    // Pulumi keeps what was made, and comes again at the next `up`.
    const reasons = [cause.message];
    throw Object.assign(new Error(cause.message), { id, properties: { ...props, undone: [cause.step] }, reasons });
  }
}

/** What of it is no longer as it was made. An empty id says that there is no control host there any more. */
export async function read(id: string, props: HostProps): Promise<{ id: string; props: HostProps }> {
  try {
    const { made, todo } = await lookAt(hostAt(props.target), props.wanted, props.secrets, never);
    return { id: made ? id : '', props: { ...props, undone: todo.map(({ name }) => name) } };
  } catch (cause) {
    throw inWords(cause);
  }
}

/** How a host is left. Said where Pulumi is started, since it takes down with what was so when it made. */
export interface Leaving {
  /** There is no such host any more, so one that does not answer counts as taken down. */
  readonly gone: boolean;
  /** The engine's state goes too, keys included. */
  readonly purge: boolean;
}

export function leavingFrom(environment: NodeJS.ProcessEnv): Leaving {
  return { gone: environment.DUMONT_HOST_GONE === 'yes', purge: environment.DUMONT_PURGE === 'yes' };
}

/** Stops the engine after a last copy of its state, and keeps the state itself. */
export async function take({ target }: HostProps, { gone, purge }: Leaving): Promise<void> {
  try {
    await remove(hostAt(target), purge, never);
  } catch (cause) {
    if (gone && isFailure(cause, 'ssh_refused', 'host_key_changed')) return;
    throw inWords(cause);
  }
}

/** Pulumi tells a provider to stop by ending its process. */
const never = new AbortController().signal;

function hostAt({ host, port, hostKey, user, sshKeyFile }: Target): Host {
  const connect = sshConnectAs({ user, key: keyFrom(sshKeyFile) });
  return { address: `${host}:${port}`, user, open: async (signal) => await connect({ host, port }, hostKey, signal) };
}

function keyFrom(file: string | null): Login['key'] {
  // biome-ignore lint/style/noProcessEnv: where ssh-agent listens is told to every program in this way.
  const agent = process.env.SSH_AUTH_SOCK;
  try {
    if (file !== null) return { privateKey: readFileSync(file, 'utf8') };
  } catch (cause) {
    throw new Failure('bad_setting', { why: `  sshKeyFile: ${reasonOf(cause)}` }, { cause });
  }
  if (agent) return { agent };
  throw new Failure('bad_setting', {
    why: '  no key to log in with: start ssh-agent and "ssh-add" yours, or name one without a passphrase in sshKeyFile',
  });
}

function inWords(cause: unknown): Error {
  const why = reasonOf(cause);
  if (isFailure(cause, 'host_key_changed'))
    return new Error(`${why} If you made the VPS anew, set hostKey to the new one.`, { cause });
  if (isFailure(cause, 'ssh_refused'))
    return new Error(`${why} Check host, hostPort and hostUser, and that "ssh" gets in from here.`, { cause });
  if (/encrypted|passphrase/i.test(why))
    return new Error('The key in sshKeyFile has a passphrase: "ssh-add" it instead, and set no sshKeyFile.', { cause });
  return cause instanceof Error ? cause : new Error(why);
}

/** The same text for the same values, in whatever order their names come back from Pulumi's state. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

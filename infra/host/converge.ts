import { randomUUID } from 'node:crypto';
import { reasonOf } from '../../engine/domain/failures.ts';
import type { Output, Shell } from '../../engine/domain/ports.ts';
import { confirmScript, lookScript, makeScript, removeScript } from './script.ts';
import type { Step } from './step.ts';
import { FIREWALL_STEP, incomingFile, RELEASE_STEP, stepsOf } from './steps.ts';
import type { Secrets, Wanted } from './wanted.ts';

/** A way in to the host. Opened anew where it matters that somebody can still come in. */
export interface Host {
  readonly address: string;
  readonly user: string;
  readonly open: (signal: AbortSignal) => Promise<Shell>;
}

/** What of the host is not as it shall be. `made` is false where nobody of us has been. */
export interface Look {
  readonly made: boolean;
  readonly todo: readonly Step[];
}

/** A step that could not be made. What was done before it stays, and the next try goes on from there. */
export class StepFailed extends Error {
  readonly step: string;
  readonly done: readonly string[];

  constructor(step: string, why: string, done: readonly string[]) {
    super(`${step}: ${why}`);
    this.name = 'StepFailed';
    this.step = step;
    this.done = done;
  }
}

/** Looks, and makes what is not as it shall be; returns what was done. A host that is as it shall be costs one question. */
export async function converge(host: Host, wanted: Wanted, secrets: Secrets, signal: AbortSignal) {
  const done: string[] = [];
  const operation = randomUUID();
  let shell = await host.open(signal);
  try {
    let { todo } = await look(host, shell, wanted, secrets, signal);
    if (todo.some(({ name }) => name === RELEASE_STEP)) await upload(shell, wanted, done, signal);
    while (todo.length > 0) {
      const { did, trial } = await make(host, shell, makeScript(todo, operation), todo, done, signal);
      done.push(...did);
      if (!trial) break;
      await shell[Symbol.asyncDispose]();
      shell = await comeInAnew(host, done, signal);
      await run(host, shell, confirmScript(operation), CONFIRM_MS, signal);
      done.push(FIREWALL_STEP);
      todo = todo.slice(todo.indexOf(trial) + 1);
    }
    return done;
  } finally {
    await shell[Symbol.asyncDispose]();
  }
}

/** One question: what is not as it shall be? */
export async function lookAt(host: Host, wanted: Wanted, secrets: Secrets, signal: AbortSignal): Promise<Look> {
  await using shell = await host.open(signal);
  return await look(host, shell, wanted, secrets, signal);
}

/** Whether one can come in and it can become a control host; throws where not. */
export async function seeFit(host: Host, signal: AbortSignal): Promise<void> {
  await using shell = await host.open(signal);
  const mistake = obstacle(factsIn((await run(host, shell, lookScript([]), LOOK_MS, signal)).stdout), true);
  if (mistake !== null) throw new StepFailed(host.address, mistake, []);
}

export async function remove(host: Host, purge: boolean, signal: AbortSignal): Promise<void> {
  await using shell = await host.open(signal);
  await run(host, shell, removeScript(purge, randomUUID()), MAKE_MS, signal);
}

const LOOK_MS = 60_000;
const CONFIRM_MS = 30_000;
/** Packages, a download and `npm ci` on a slow host. */
const MAKE_MS = 30 * 60_000;
/** For Node, what npm brings, and the release before it. */
const FREE_MB_MIN = 1_500;

async function look(host: Host, shell: Shell, wanted: Wanted, secrets: Secrets, signal: AbortSignal): Promise<Look> {
  const steps = stepsOf(wanted, secrets);
  const { stdout } = await run(host, shell, lookScript(steps), LOOK_MS, signal);
  const lines = stdout.split('\n');
  const fact = factsIn(stdout);
  const todo = steps.filter((_, i) => !lines.includes(`ok ${i}`));
  const mistake = obstacle(fact, todo.length > 0);
  if (mistake !== null) throw new StepFailed(host.address, mistake, []);
  return { made: fact('made') === 'yes', todo };
}

type Fact = (name: string) => string;

function factsIn(stdout: string): Fact {
  const lines = stdout.split('\n');
  return (name) =>
    lines
      .find((line) => line.startsWith(`fact ${name} `))
      ?.slice(`fact ${name} `.length)
      .trim() ?? '';
}

/** Why nothing should be tried here. */
function obstacle(fact: Fact, somethingToDo: boolean): string | null {
  if (!/\b(debian|ubuntu)\b/.test(fact('system'))) return `runs "${fact('system')}"; Debian or Ubuntu is needed`;
  if (fact('systemctl') === '') return 'has no systemd, which starts the engine and keeps it running';
  const freeMB = Number(fact('freeMB'));
  if (somethingToDo && freeMB < FREE_MB_MIN)
    return `its disk is full: ${freeMB} MB are free at /opt, and ${FREE_MB_MIN} are needed. Nothing was changed; what runs goes on running`;
  return null;
}

async function upload(shell: Shell, wanted: Wanted, done: readonly string[], signal: AbortSignal): Promise<void> {
  try {
    await shell.upload([{ path: incomingFile(wanted), mode: 0o600, from: { file: wanted.release.file } }], signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
      throw new StepFailed(RELEASE_STEP, `there is no ${wanted.release.file}: "npx dumont deploy" packs it`, done);
    throw cause;
  }
}

async function make(
  host: Host,
  shell: Shell,
  script: string,
  todo: readonly Step[],
  done: readonly string[],
  signal: AbortSignal,
) {
  const { stdout, stderr, code } = await ask(host, shell, script, MAKE_MS, signal);
  const said = (word: string): readonly Step[] =>
    stdout
      .split('\n')
      .flatMap((line) => (line.startsWith(`${word} `) ? (todo[Number(line.slice(word.length))] ?? []) : []));
  const did = said('did').map(({ name }) => name);
  const [failed] = said('failed');
  const [trial] = said('trial');
  if (failed) throw new StepFailed(failed.name, plain(stderr), [...done, ...did]);
  if (code !== 0 || !(trial || /^done$/m.test(stdout))) throw refused(host, { stdout, stderr, code });
  return { did, trial };
}

/** The firewall takes itself back within a minute when this does not succeed. */
async function comeInAnew(host: Host, done: readonly string[], signal: AbortSignal): Promise<Shell> {
  try {
    return await host.open(AbortSignal.any([signal, AbortSignal.timeout(CONFIRM_MS)]));
  } catch (cause) {
    signal.throwIfAborted();
    const why = `nobody could come in through the new one (${reasonOf(cause)}); it takes itself back within a minute. /etc/dumont/firewall.nft.new on the host shows what was tried`;
    throw new StepFailed(FIREWALL_STEP, why, done);
  }
}

async function run(host: Host, shell: Shell, script: string, timeoutMs: number, signal: AbortSignal): Promise<Output> {
  const output = await ask(host, shell, script, timeoutMs, signal);
  if (output.code !== 0) throw refused(host, output);
  return output;
}

async function ask(host: Host, shell: Shell, script: string, timeoutMs: number, signal: AbortSignal): Promise<Output> {
  const argv = host.user === 'root' ? ['sh'] : ['sudo', '-n', 'sh'];
  return await shell.run({ argv, stdin: script, timeoutMs }, signal);
}

function refused({ address, user }: Host, { code, stderr }: Output): StepFailed {
  const sudo = user !== 'root' && /\bsudo\b/.test(stderr);
  if (code === BUSY) return new StepFailed(address, plain(stderr), []);
  const why = sudo
    ? `${user} may not use sudo without a password: add "${user} ALL=(ALL) NOPASSWD: ALL" with visudo, or set hostUser to root`
    : `it ended with ${code}: ${plain(stderr)}`;
  return new StepFailed(address, why, []);
}

/** What `alone` ends with. */
const BUSY = 75;

/** The last lines are what went wrong. */
function plain(stderr: string): string {
  const text = stderr.trim();
  const full = /no space left on device/i.test(text) ? 'its disk is full; what runs goes on running. ' : '';
  return `${full}${text.split('\n').slice(-LINES).join('\n')}`;
}

const LINES = 25;

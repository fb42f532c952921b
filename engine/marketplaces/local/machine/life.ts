import { appendFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { readIfThere, writeWhole } from '../../../files/whole-file.ts';
import { noteEnded } from '../ended.ts';
import { removeFolder } from '../machine-process.ts';
import { identify } from '../process-id.ts';
import { runBootScript } from './boot.ts';
import type { Chamber } from './chamber.ts';
import { type EndDoor, openEndDoor } from './end-door.ts';
import { environmentOf } from './environment.ts';
import { furnish } from './furnish.ts';
import { type HostKey, hostKeyOf } from './host-key.ts';
import { openChamber } from './isolation.ts';
import { removeFreezer, type Slowness, slowness } from './slowness.ts';
import type { MachineFault, MachineFiles, MachineSpec, MachineState } from './spec.ts';
import { type SshServer, sshServer } from './ssh-server.ts';

export interface LiveMachine {
  /** Reads again how it is to misbehave, and does so. */
  reconsider(): void;
  end(why: string): void;
  readonly over: Promise<void>;
}

interface Insides {
  readonly chamber: Chamber;
  readonly environment: Readonly<Record<string, string>>;
  readonly hostKey: HostKey;
  readonly ssh: SshServer;
  readonly slow: Slowness;
}

/** A machine from its first moment to its end: it loads, runs the boot script, opens its SSH server, and stays. */
export function liveMachine(files: MachineFiles, spec: MachineSpec): LiveMachine {
  const ending = new AbortController();
  const stayUp = setInterval(() => undefined, 2 ** 30); // nothing else may be open while SSH is refused
  let state: MachineState = {
    process: identify(process.pid)!,
    init: null,
    phase: 'loading',
    message: 'pulling the image',
    port: null,
    endPort: null,
    faults: [],
  };
  let insides: Insides | null = null;
  let endDoor: EndDoor | null = null;
  let endsItself = false;
  let sshDue = false;
  let faults: ReadonlySet<string> = new Set();
  let reconsidered = Promise.withResolvers<void>();

  const has = (fault: MachineFault): boolean => faults.has(fault);
  const say = (change: Partial<MachineState>): void => {
    state = { ...state, ...change };
    writeWhole(files.state, JSON.stringify(state));
  };

  const settle = async (): Promise<void> => {
    faults = new Set(JSON.parse(readIfThere(files.faults) ?? '[]') as string[]);
    if (has('exits')) ending.abort('its container exited');
    if (ending.signal.aborted) return;
    if (insides) {
      if (!sshDue || has('ssh-refused') || has('vanished')) await insides.ssh.silence();
      else say({ port: await insides.ssh.listen(state.port ?? 0) });
      insides.slow.set(has('slow-disk'), insides.chamber.init?.pid ?? null);
    }
    say({ faults: [...faults] });
    reconsidered.resolve();
    reconsidered = Promise.withResolvers();
  };
  /** One at a time, and the last one always with the newest faults. */
  let settling = Promise.resolve();
  const reconsider = async (): Promise<void> => {
    settling = settling.then(settle).catch((cause) => console.error(cause));
    await settling;
  };

  /** Its rental is over at this moment, whether an engine runs or not. */
  const endItself = (): void => {
    if (!endsItself) noteEnded(files.folder, Date.now());
    endsItself = true;
    ending.abort('it ended itself');
  };

  const run = async (): Promise<void> => {
    say({});
    if (spec.endKey) endDoor = await openEndDoor(spec.endKey, endItself);
    say({ endPort: endDoor?.port ?? null });
    await reconsider();
    insides = await open(files, spec);
    const { chamber, hostKey, environment } = insides;
    say({ init: chamber.init });
    await reconsider();
    void chamber.ended.then(() => ending.abort('its first process ended'));

    await sleep(spec.loadingMs, null, { signal: ending.signal });
    while (has('stuck-loading')) await before(ending.signal, reconsidered.promise);
    say({ phase: 'running', message: 'started', port: await freePort() });
    appendFileSync(files.bootLog, `host key: 256 ${hostKey.fingerprint} root@${spec.instance} (ED25519)\n`);
    void runBootScript(chamber, files, environment);

    await sleep(spec.sshMs, null, { signal: ending.signal });
    sshDue = true;
    await reconsider();
    await before(ending.signal, new Promise<never>(() => undefined));
  };

  const live = async (): Promise<void> => {
    try {
      await run();
    } catch (cause) {
      if (!ending.signal.aborted) console.error(cause);
    }
    endDoor?.close();
    await insides?.ssh.silence();
    await insides?.slow.end();
    await insides?.chamber.close();
    removeFreezer(process.pid);
    say({ phase: 'exited', message: String(ending.signal.reason ?? 'it failed to start'), port: null, endPort: null });
    if (endsItself) await removeFolder(files).catch((cause) => console.error(cause));
    clearInterval(stayUp);
  };
  const over = live();
  return { reconsider: () => void reconsider(), end: (why) => ending.abort(why), over };
}

async function open(files: MachineFiles, spec: MachineSpec): Promise<Insides> {
  const hostKey = hostKeyOf(files.hostKey);
  furnish(files, spec, hostKey.publicKey);
  const slow = slowness();
  const chamber = await openChamber(files, spec, slow.lead);
  const environment = environmentOf(chamber, spec.environment);
  return {
    chamber,
    environment,
    hostKey,
    ssh: sshServer({ hostKey: hostKey.privateKey, chamber, environment, searchPath: spec.searchPath }),
    slow,
  };
}

/** A port that is known before the server answers there, as with rented machines. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function before<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const ended = Promise.withResolvers<never>();
  const end = (): void => ended.reject(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([work, ended.promise]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

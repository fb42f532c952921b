import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import {
  AgentEvent,
  type ManifestLine,
  type RestoreOrder,
  type SaveOrder,
} from '../../engine/domain/agent-protocol.ts';
import { cheapKey } from '../../engine/restic/cheap-key.ts';
import { readMasterKey } from '../../engine/restic/readings.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { agentProgram } from './which-agent.ts';

/** A repository, a place for manifests, and machines that are folders. Everything goes when the world is closed. */
export interface World extends AsyncDisposable {
  readonly folder: string;
  readonly repository: SaveOrder['repository'];
  /** Opens the object of that name for reading or writing. */
  url(name: string): string;
  readonly objects: Map<string, Buffer>;
  /** `restic`: another program in its place. */
  machine(name: string, restic?: string): Machine;
  machineAt(root: string): Machine;
}

export interface Machine {
  readonly root: string;
  readonly home: string;
  start(verb: string, order: object): Running;
  run(verb: string, order: object): Promise<readonly AgentEvent[]>;
}

export interface Running {
  readonly child: ChildProcess;
  readonly events: AgentEvent[];
  /** The next event of this name, also one that was said already. */
  until<K extends AgentEvent['event']>(name: K): Promise<Extract<AgentEvent, { event: K }>>;
  say(line: object): void;
  hangUp(): void;
  readonly ended: Promise<number | null>;
}

export async function openWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'dumont-agent-'));
  const objects = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    const name = request.url ?? '';
    if (name === '/refused') response.writeHead(403).end();
    else if (request.method === 'PUT') {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        objects.set(name, Buffer.concat(chunks));
        response.end();
      });
    } else {
      const body = objects.get(name);
      response.statusCode = body ? 200 : 404;
      response.end(body);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const running = new Set<ChildProcess>();
  const repository = {
    url: join(folder, 'repository'),
    region: 'auto',
    password: PASSWORD,
    credentials: {
      accessKeyId: 'k',
      secretAccessKey: 'a-secret-key',
      sessionToken: 'a-session-token',
      expiresAt: Date.now() + 3_600_000,
    },
    connections: 4,
  };
  copyTemplate(repository.url);
  return {
    folder,
    repository,
    objects,
    url: (name) => `http://127.0.0.1:${port}/${name}`,
    machine: (name, restic = resticProgram!) => machineIn(join(folder, name), restic, running),
    machineAt: (root) => machineIn(root, resticProgram!, running),
    async [Symbol.asyncDispose]() {
      for (const child of running) child.kill('SIGKILL');
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}

const PASSWORD = 'f'.repeat(64);
let template: string | null = null;

/** Making a repository takes restic a second, so each process makes one, with a key that opens at once. */
function copyTemplate(to: string): void {
  if (template === null) {
    const made = mkdtempSync(join(tmpdir(), 'dumont-template-'));
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
    const restic = (...args: string[]): string =>
      execFileSync(resticProgram!, ['--repo', made, '--no-cache', ...args], {
        env: { RESTIC_PASSWORD: PASSWORD },
        encoding: 'utf8',
      });
    restic('init', '--quiet');
    const key = cheapKey(PASSWORD, readMasterKey(restic('cat', 'masterkey', '--json')), 0);
    for (const slow of readdirSync(join(made, 'keys'))) rmSync(join(made, 'keys', slow));
    writeFileSync(join(made, 'keys', key.id), key.bytes);
    template = made;
  }
  cpSync(template, to, { recursive: true });
}

/** A machine that is a folder; `program`: another agent in its place. */
export function machineIn(
  root: string,
  restic: string,
  running = new Set<ChildProcess>(),
  program = agentProgram,
): Machine {
  const home = join(root, 'opt/dumont');
  mkdirSync(home, { recursive: true });
  const start = (verb: string, order: object): Running => {
    const places = ['--root', root, '--home', home, '--restic', restic];
    const child = spawn(process.execPath, [program, verb, ...places], { stdio: ['pipe', 'pipe', 'inherit'] });
    running.add(child);
    return follow(child, order, running);
  };
  return {
    root,
    home,
    start,
    async run(verb, order) {
      const agent = start(verb, order);
      await agent.ended;
      return agent.events;
    },
  };
}

export function follow(child: ChildProcess, order: object, running = new Set<ChildProcess>()): Running {
  const events: AgentEvent[] = [];
  let heard = Promise.withResolvers<void>();
  createInterface({ input: child.stdout! }).on('line', (line) => {
    events.push(AgentEvent.parse(JSON.parse(line)));
    heard.resolve();
    heard = Promise.withResolvers();
  });
  child.stdin!.on('error', () => undefined);
  child.stdin!.write(`${JSON.stringify(order)}\n`);
  const ended = new Promise<number | null>((resolve) =>
    child.on('close', (code) => {
      running.delete(child);
      heard.resolve();
      resolve(code);
    }),
  );
  return {
    child,
    events,
    async until(name) {
      for (let at = 0; ; ) {
        const found = events.slice(at).find((event) => event.event === name);
        if (found) return found as never;
        at = events.length;
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`the agent ended without saying ${name}: ${JSON.stringify(events.at(-1))}`);
        await heard.promise;
      }
    },
    say: (line) => void child.stdin!.write(`${JSON.stringify(line)}\n`),
    hangUp: () => void child.stdin!.end(),
    ended,
  };
}

const base = { protocol: 1, workspace: 'lab', machine: 'm1' };

export function saveOrder(world: World, more: Partial<SaveOrder> = {}): SaveOrder {
  return {
    ...base,
    verb: 'save',
    mode: 'live',
    epoch: 1,
    sequence: 1,
    repository: world.repository,
    parent: null,
    time: 1_700_000_000_000,
    tags: ['epoch=1'],
    include: [],
    exclude: [],
    fileBytesMax: 10e9,
    rounds: 3,
    manifestUrl: world.url('manifest'),
    ...more,
  };
}

export function restoreOrder(world: World, more: Partial<RestoreOrder> = {}): RestoreOrder {
  return {
    ...base,
    verb: 'restore',
    job: 'job-1',
    epoch: 1,
    snapshot: null,
    repository: world.repository,
    ...more,
  };
}

/** A restic that waits before it does what `when` finds in its arguments, until somebody opens the gate. */
export function gatedRestic(
  world: World,
  when: string,
): { program: string; reached: () => Promise<void>; open: () => void } {
  const program = join(world.folder, `gated-restic-${randomBytes(4).toString('hex')}`);
  const [reached, open] = [`${program}.reached`, `${program}.open`];
  const wait = `touch ${reached}; while [ ! -e ${open} ] && [ -e ${program} ]; do sleep 0.02; done`;
  writeFileSync(program, `#!/bin/sh\ncase "$*" in *${when}*) ${wait};; esac\nexec ${resticProgram} "$@"\n`, {
    mode: 0o755,
  });
  return {
    program,
    open: () => writeFileSync(open, ''),
    async reached() {
      while (!existsSync(reached)) await sleep(20);
    },
  };
}

export type Saved = Extract<AgentEvent, { event: 'saved' }>;

/** Saves and ends it with the verdict; the processes go on. */
export async function saveOnce(world: World, machine: Machine, more: Partial<SaveOrder> = {}): Promise<Saved> {
  const agent = machine.start('save', saveOrder(world, more));
  const saved = await agent.until('saved');
  agent.say({ say: 'verdict', processes: 'continue' });
  await agent.ended;
  return saved;
}

export function manifestIn(world: World, name = 'manifest'): readonly ManifestLine[] {
  const text = gunzipSync(world.objects.get(`/${name}`)!).toString('utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as ManifestLine);
}

export const snapshotOf = (world: World, saved: Saved, name = 'manifest'): NonNullable<RestoreOrder['snapshot']> => ({
  id: saved.snapshot!,
  contentHash: saved.contentHash,
  manifestUrl: world.url(name),
  baseUrl: null,
});

/** Everything below a folder that a backup must bring back: names as bytes, types, modes, times, links and data. */
export function treeOf(root: string, skip: readonly string[] = []): readonly string[] {
  const script = `
import hashlib, os, stat, sys
names_of = {}
root, skip = os.fsencode(sys.argv[1]), [os.fsencode(s) for s in sys.argv[2:]]
for folder, names, files in os.walk(root):
    names.sort()
    for name in sorted(names + files):
        path = os.path.join(folder, name)
        rel = os.path.relpath(path, root)
        if any(rel == s or rel.startswith(s + b'/') for s in skip): continue
        s = os.lstat(path)
        what = ''
        if stat.S_ISREG(s.st_mode): what = hashlib.sha256(open(path, 'rb').read()).hexdigest()[:16] + ' ' + str(s.st_mtime_ns)
        elif stat.S_ISLNK(s.st_mode): what = repr(os.readlink(path)) + ' ' + str(s.st_mtime_ns)
        elif stat.S_ISDIR(s.st_mode): what = str((s.st_mtime_ns + 500000) // 1000000)
        xattrs = [(n, os.getxattr(path, n, follow_symlinks=False)) for n in sorted(os.listxattr(path, follow_symlinks=False))]
        if stat.S_ISREG(s.st_mode) and s.st_nlink > 1: what += ' as ' + repr(names_of.setdefault(s.st_ino, rel))
        print(repr(rel), oct(s.st_mode), s.st_uid, s.st_gid, what, *xattrs)
`;
  const out = execFileSync('python3', ['-c', script, root, ...skip], { encoding: 'utf8', maxBuffer: 1 << 28 });
  return out.trim().split('\n').toSorted();
}

export const read = (machine: Machine, path: string): string => readFileSync(join(machine.root, path), 'utf8');

import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/**
 * systemctl for a host without systemd: units as files, enabled ones as links, a unit that is loaded stays as it was until
 * `daemon-reload`, credentials copied where the unit's user finds them. Nothing is started again when it ends. What is
 * asked of units is answered by the shell around this (`own-root.sh`).
 */
const UNITS = '/etc/systemd/system';
const WANTED = join(UNITS, 'multi-user.target.wants');
const RUN = '/run/units';
const LOADED = join(RUN, 'loaded');
/** Units of the system's own, for which any order is a success. */
const OTHERS: ReadonlySet<string> = new Set(['ssh.service', 'systemd-journald.service']);

process.umask(0o022); // systemd has its own, whoever calls
mkdirSync(LOADED, { recursive: true });
mkdirSync(WANTED, { recursive: true });
const words = process.argv.slice(2);
const [verb = '', ...names] = words.filter((word) => !word.startsWith('-'));
const isQuiet = words.includes('--quiet');
const isNow = words.includes('--now');
writeFileSync('/var/log/stand-in.log', `systemctl ${words.join(' ')}\n`, { flag: 'a' });

if (verb === 'daemon-reload') for (const name of readdirSync(LOADED)) rmSync(join(LOADED, name));
else for (const name of names) if (!OTHERS.has(name)) act(verb, name);

function act(what: string, name: string): void {
  switch (what) {
    case 'enable':
      if (!existsSync(join(UNITS, name))) fail(`Failed to enable unit: Unit file ${name} does not exist.`);
      rmSync(join(WANTED, name), { force: true });
      symlinkSync(join(UNITS, name), join(WANTED, name));
      if (isNow) start(name);
      return;
    case 'disable':
      rmSync(join(WANTED, name), { force: true });
      if (isNow) stop(name);
      return;
    case 'start':
      start(name);
      return;
    case 'stop':
      if (!existsSync(join(UNITS, name)) && !isActive(name))
        fail(`Failed to stop ${name}: Unit ${name} not loaded.`, 5);
      stop(name);
      return;
    case 'restart':
      stop(name);
      start(name);
      return;
    case 'reset-failed':
      return;
    default:
      fail(`Unknown command verb ${what}.`);
  }
}

function start(name: string): void {
  if (isActive(name)) return;
  const unit = loaded(name);
  const run = (key: string, isLong: boolean): void => {
    const line = unit.get(key)?.at(-1);
    if (line === undefined) return;
    const [program = '', ...args] = line.split(' ').map((word) => word.replace('%d', credentialsOf(name)));
    const log = openSync(join(RUN, `${name}.log`), 'a');
    const user = unit.get('User')?.at(-1);
    const as = user ? ['/usr/bin/setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'] : [];
    const [first = '', ...rest] = [...as, program, ...args];
    const options = { env: environmentOf(name, unit), cwd: unit.get('WorkingDirectory')?.at(-1) ?? '/' };
    if (isLong) {
      const child = spawn(first, rest, { ...options, detached: true, stdio: ['ignore', log, log] });
      child.unref();
      writeFileSync(pidFile(name), String(child.pid));
    } else if (spawnSync(first, rest, { ...options, stdio: ['ignore', log, log] }).status !== 0)
      fail(`Job for ${name} failed because the control process exited with error code.`);
    closeSync(log);
  };
  const type = unit.get('Type')?.at(-1) ?? 'simple';
  if (name.endsWith('.timer')) writeFileSync(pidFile(name), 'waiting');
  else {
    run('ExecStart', type !== 'oneshot');
    if (type === 'oneshot' && unit.get('RemainAfterExit')?.at(-1) === 'yes') writeFileSync(pidFile(name), 'exited');
  }
}

function stop(name: string): void {
  const pid = pidOf(name);
  if (pid === null) return;
  const after = existsSync(join(UNITS, name)) ? loaded(name).get('ExecStop')?.at(-1) : undefined;
  if (after !== undefined) spawnSync('/bin/sh', ['-c', after.replace(/^-/, '')]);
  const number = Number(pid);
  if (Number.isInteger(number)) {
    signal(number, 'SIGTERM');
    const deadline = Date.now() + 10_000;
    while (signal(number, 0) && Date.now() < deadline) spawnSync('sleep', ['0.02']);
    signal(number, 'SIGKILL');
  }
  rmSync(pidFile(name), { force: true });
}

function isActive(name: string): boolean {
  const pid = pidOf(name);
  if (pid === null) return false;
  return Number.isInteger(Number(pid)) ? signal(Number(pid), 0) : true;
}

/** To everything that the unit started. A zombie is nobody any more. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    if (/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) return false;
    return process.kill(-pid, name);
  } catch {
    return false;
  }
}

type Unit = ReadonlyMap<string, readonly string[]>;

function loaded(name: string): Unit {
  const copy = join(LOADED, name);
  if (!existsSync(copy)) copyFileSync(realpathSync(join(UNITS, name)), copy);
  const unit = new Map<string, string[]>();
  for (const line of readFileSync(copy, 'utf8').split('\n')) {
    const [, key, value] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) unit.set(key, [...(unit.get(key) ?? []), value]);
  }
  return unit;
}

function environmentOf(name: string, unit: Unit): Record<string, string> {
  const environment: Record<string, string> = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
  for (const file of unit.get('EnvironmentFile') ?? [])
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const [, key, value] = /^(\w+)="(.*)"$/.exec(line) ?? [];
      if (key !== undefined && value !== undefined) environment[key] = value.replace(/\\(["\\$`])/g, '$1');
    }
  const user = unit.get('User')?.at(-1);
  for (const folder of unit.get('StateDirectory') ?? []) owned(join('/var/lib', folder), user);
  for (const folder of unit.get('CacheDirectory') ?? []) owned(join('/var/cache', folder), user);
  const credentials = unit.get('LoadCredential') ?? [];
  if (credentials.length > 0) {
    const folder = credentialsOf(name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const credential of credentials) {
      const [id = '', from = ''] = credential.split(':');
      copyFileSync(from, join(folder, id));
    }
    owned(folder, user);
    environment.CREDENTIALS_DIRECTORY = folder;
  }
  return environment;
}

function owned(folder: string, user: string | undefined): void {
  mkdirSync(folder, { recursive: true });
  if (user) spawnSync('chown', ['-R', `${user}:${user}`, folder]);
}

function credentialsOf(name: string): string {
  return join('/run/credentials', name);
}

function pidFile(name: string): string {
  return join(RUN, `${name}.pid`);
}

function pidOf(name: string): string | null {
  return existsSync(pidFile(name)) ? readFileSync(pidFile(name), 'utf8').trim() : null;
}

function fail(why: string, code = 1): never {
  if (!isQuiet) console.error(why);
  process.exit(code);
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import type { Operation } from '../../engine/domain/operation.ts';
import { type Dumont, openDumont } from '../../engine/main.ts';
import { readConfig } from '../../engine/process/config.ts';
import { run } from '../cli/dumont.ts';
import { noteIssued, ownSecrets } from './known-secrets.ts';

// biome-ignore lint/style/noProcessEnv: the global setup says here which restic the tests use.
const { DUMONT_RESTIC, PATH } = process.env;
const ANA = { by: 'ana', key: null };
const THEIR_OWN = 'hf_a-word-that-opens-a-door-of-the-user';
const ARGUMENT = 'a-word-behind-the-name-of-a-program';
const signal = AbortSignal.timeout(110_000);

/**
 * Where a secret may stand, and why. Nothing else that an installation starts, says or writes may hold one; DESIGN.md 6 and 7
 * ask for no more. restic's own environment is not in the list: it names files, which go when it ends.
 */
const MAY_HOLD: readonly (readonly [what: RegExp, where: RegExp])[] = [
  // What a file is for. Only its owner may read one that holds a secret.
  [/^master key$/, /^file master\.key$/],
  [/^key of the storage$/, /^file installation\.json$/],
  [/^token of this computer$/, /^file token$/],
  [/^token of a login$/, /^file login\.json$/],
  [/^private key /, /^file keys\/id_ed25519$/],
  // While one restic of the control host runs.
  [/^(password of the repository|issued )/, /^file (repositories|vaults\/vault)\/scratch\/[0-9a-f]{16}\//],
  // Addresses of the tools that a machine fetches as it boots: they open these for an hour, and are no more in its arguments.
  [/^signed address /, /^file local\/machines\/\d+\/(spec\.json|root\/opt\/dumont\/boot\.json)$/],
  // What people give to their programs is given to programs on their machine, and kept in the rows of the control host.
  [/^variable of the user$/, /^environment /],
  [/^variable of the user$/, /^file (state\/|local\/machines\/\d+\/spec\.json$)/],
  // So is what stands behind the name of a program, which its machine's disk holds as well.
  [/^argument of the user$/, /^(arguments|environment) /], // the arguments stand before each environment here
  [/^argument of the user$/, /^(file state\/|(open )?file local\/machines\/\d+\/root\/)/],
];

type Texts = Iterable<readonly [where: string, text: string]>;

/** Where any of them shows and may not. */
function leaks(secrets: ReadonlyMap<string, string>, texts: Texts): readonly string[] {
  const may = (where: string, what: string): boolean =>
    MAY_HOLD.some(([of, place]) => of.test(what) && place.test(where));
  const found = [...texts].flatMap(([where, text]) =>
    [...secrets]
      .filter(([what, secret]) => text.includes(secret) && !may(where, what))
      .map(([what]) => `${what} in ${where}`),
  );
  return [...new Set(found)];
}

/** Arguments and environment of every process that runs anywhere on this computer, machines included. */
async function watchProcesses() {
  const seen: (readonly [where: string, text: string])[] = [];
  const child = spawn(process.execPath, [join(import.meta.dirname, 'processes-child.ts')], {
    env: {},
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child, 'spawn');
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [what, text] = JSON.parse(line) as [string, string];
    const name = text.split('\0').slice(0, 3).join(' ').slice(0, 80);
    seen.push([`${what} of ${name}`, text]);
  });
  return { seen, [Symbol.dispose]: () => void child.kill('SIGKILL') };
}

/** Every file below the home: logs, journals, rows, the bucket, the disks of its machines; "open" if others may read it. */
function* filesIn(home: string, folder = ''): Generator<readonly [where: string, text: string]> {
  for (const name of readdirSync(join(home, folder))) {
    const path = join(folder, name);
    const stat = lstatSync(join(home, path), { throwIfNoEntry: false });
    if (stat?.isDirectory()) yield* filesIn(home, path);
    else if (stat?.isFile() && stat.size < 20e6)
      yield [`${stat.mode & 0o077 ? 'open ' : ''}file ${path}`, readFileSync(join(home, path), 'latin1')];
  }
}

const names = (texts: Texts, like: RegExp): readonly string[] =>
  [...texts].flatMap(([name]) => (like.test(name) ? [name] : []));

/** What each address of the API answers to whoever may see everything. */
async function answers(url: string, token: string, snapshot: string): Promise<readonly (readonly [string, string])[]> {
  const headers = { authorization: `Bearer ${token}` };
  const get = async (path: string) => await fetch(`${url}${path}`, { headers, signal });
  const { paths } = (await (await get('/api/v1/openapi.json')).json()) as { paths: Record<string, object> };
  const asked = Object.entries(paths).flatMap(([path, verbs]) => ('get' in verbs ? [path] : []));
  const ofSnapshot = (path: string, name: string) => name === 'backup_id' || path.includes('/snapshots/');
  const filled = asked.map((path) =>
    path.replaceAll(/\{(\w*id)\}/g, (_, name: string) => (ofSnapshot(path, name) ? snapshot : 'lab')),
  );
  return await Promise.all(
    filled.map(async (path) => {
      const reply = await get(path);
      return [`the answer (${reply.status}) of ${path}`, await reply.text()] as const;
    }),
  );
}

test.skipIf(!DUMONT_RESTIC || process.platform !== 'linux')(
  'no secret is in arguments, environments, logs, answers or files, but where it has to be',
  { timeout: 120_000 },
  async () => {
    const home = await mkdtemp(join(tmpdir(), 'dumont-secrets-'));
    const more = { DUMONT_HOME: home, DUMONT_PORT: '0', DUMONT_BATCH: '2', DUMONT_LOCAL_SPEED: '60' };
    const config = readConfig({ ...more, DUMONT_ROUND_SECONDS: '20', DUMONT_LOG: 'DEBUG', DUMONT_RESTIC, PATH });
    const secrets = new Map([
      ['variable of the user', THEIR_OWN],
      ['argument of the user', ARGUMENT],
    ]);
    const said: string[] = [];
    using processes = await watchProcesses();
    try {
      await using dumont = await openDumont(config, (line) => said.push(line), noteIssued(secrets));
      try {
        const { engine, ports } = dumont;
        const type = async (argv: readonly string[], input = ''): Promise<void> => {
          const { code, out, err } = await run(home, argv, { input });
          expect(code, err).toBe(0);
          said.push(out, err);
        };
        for (const [what, secret] of ownSecrets(home, dumont)) secrets.set(what, secret);
        const lab = await engine.create('lab', { environment: { HF_TOKEN: THEIR_OWN } }, ANA);
        secrets.set('password of the repository', await ports.repositories.password(lab));

        await ended(dumont, await engine.wake('lab', {}, ANA));
        await type(['login', dumont.url], `${dumont.first?.password}\n`);
        const login = JSON.parse(readFileSync(join(home, 'login.json'), 'utf8'));
        secrets.set('token of a login', login.profiles[login.current].token);
        await type(['ssh', 'lab', '--', 'sh', '-c', 'echo a >/workspace/a.txt']);
        await type(['snapshot', 'lab', '--message', 'by hand']);
        const argv = ['sh', '-c', `test ${ARGUMENT}`];
        await ended(dumont, await engine.run('lab', { argv, thenHibernate: false }, ANA));
        const awake = [...filesIn(home)];
        await ended(dumont, await engine.hibernate('lab', {}, ANA));
        await ended(dumont, await engine.wake('lab', {}, ANA));

        const [snapshot] = await engine.snapshots('lab');
        const answered = await answers(dumont.url, secrets.get('token of this computer') ?? '', snapshot?.id ?? '');
        const told = ['what was said', said.join('\n')] as const;
        const all = [...processes.seen, ...awake, ...filesIn(home), ...answered, told];

        // It looked at all of it, and knows what to look for.
        for (const verb of ['backup', 'restore'])
          expect(names(processes.seen, new RegExp(`^environment of \\S*restic.* ${verb}`)), verb).not.toEqual([]);
        expect(names(answered, /^the answer \(200\)/).length).toBeGreaterThan(20);
        for (const kind of [
          'logs/engine-',
          'logs/lab_',
          'journals/audit',
          'state/',
          'storage/',
          'local/.*/dumont/.*log$',
        ])
          expect(names(all, new RegExp(`file ${kind}`)), kind).not.toEqual([]);
        expect(names(secrets, /^word of /).length).toBeGreaterThanOrEqual(2);
        expect([...secrets].filter(([, secret]) => secret.length < 12)).toEqual([]);

        expect(leaks(secrets, all)).toEqual([]);

        // One that is planted is seen.
        const password = secrets.get('password of the repository') ?? '';
        using _careless = spawn('sleep', ['60'], { env: { RESTIC_PASSWORD: password } });
        using _talkative = spawn('tail', ['-f', '/dev/null', password], { stdio: 'ignore' });
        ports.log('planted', { of: password });
        const planted = () => leaks(secrets, [...processes.seen, ...filesIn(home)]);
        await expect
          .poll(planted, { timeout: 10_000 })
          .toEqual(
            expect.arrayContaining(
              [/environment of sleep/, /arguments of tail/, /logs\/engine-/].map((one) => expect.stringMatching(one)),
            ),
          );
      } finally {
        await dumont.local.endAll();
      }
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  },
);

/** Follows an operation to its end, which must be a good one. */
async function ended(dumont: Dumont, { id }: Operation): Promise<void> {
  while ((await dumont.engine.operation(id)).endedAt === null) {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { verb, outcome } = await dumont.engine.operation(id);
  expect(outcome, verb).toMatchObject({ ok: true });
}

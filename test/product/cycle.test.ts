import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Operation } from '../../engine/domain/operation.ts';
import type { Command, Shell } from '../../engine/domain/ports.ts';
import { type Dumont, openDumont } from '../../engine/main.ts';
import { readConfig } from '../../engine/process/config.ts';

// biome-ignore lint/style/noProcessEnv: the global setup says here which restic the tests use.
const { DUMONT_RESTIC, PATH } = process.env;
const ANA = { by: 'ana', key: null };
const home = await mkdtemp(join(tmpdir(), 'dumont-product-'));
const config = readConfig({
  DUMONT_HOME: home,
  DUMONT_PORT: '0',
  DUMONT_BATCH: '2',
  DUMONT_LOCAL_SPEED: '60',
  DUMONT_ROUND_SECONDS: '20',
  DUMONT_RESTIC,
  PATH,
});
const signal = AbortSignal.timeout(110_000);

afterAll(async () => {
  await rm(home, { recursive: true, force: true });
});

test.skipIf(!DUMONT_RESTIC)(
  'the whole product on one computer: wake, work, an engine that restarts, hibernate, wake, the same bytes',
  { timeout: 120_000 },
  async () => {
    const file = randomBytes(3_000_000).toString('base64');
    const before = await openDumont(config, () => undefined);
    let local = before.local;
    try {
      await before.engine.create('lab', {}, ANA);
      await ended(before, await before.engine.wake('lab', {}, ANA));
      await put(before, 'workspace/data.bin', file);
      await onMachine(before, ['git', '-C', '/workspace', 'init', '-q', 'proj']);
      await put(before, 'workspace/proj/kept.py', 'print("not pushed anywhere")\n');
      await onMachine(before, ['git', '-C', '/workspace/proj', 'add', '.']);
      await onMachine(before, [
        'git',
        '-C',
        '/workspace/proj',
        '-c',
        'user.name=a',
        '-c',
        'user.email=a@b',
        'commit',
        '-q',
        '-m',
        'only here',
      ]);
      const first = (await before.engine.ssh('lab')).machine;
      await before[Symbol.asyncDispose]();

      await using after = await openDumont(config, () => undefined);
      local = after.local;
      expect((await after.engine.ssh('lab')).machine, 'the machine outlives the engine').toBe(first);
      await ended(after, await after.engine.hibernate('lab', {}, ANA));
      await until(async () => (await local.machines()).length === 0, 'nothing is rented while it sleeps');

      await ended(after, await after.engine.wake('lab', {}, ANA));
      expect((await after.engine.ssh('lab')).machine).not.toBe(first);
      await until(async () => (await after.engine.status('lab'))[0]?.sight === 'awake', 'all files have arrived');
      expect(await onMachine(after, ['cat', '/workspace/data.bin'])).toBe(file);
      expect(await onMachine(after, ['git', '-C', '/workspace/proj', 'log', '--format=%s'])).toBe('only here\n');
      expect(await onMachine(after, ['git', '-C', '/workspace/proj', 'status', '--porcelain'])).toBe('');
      await ended(after, await after.engine.hibernate('lab', {}, ANA));
    } finally {
      await local.endAll();
    }
  },
);

/** Follows an operation to its end, which must be a good one. */
async function ended(dumont: Dumont, { id }: Operation): Promise<void> {
  await until(async () => (await dumont.engine.operation(id)).endedAt !== null, `operation ${id} ends`);
  const { verb, outcome } = await dumont.engine.operation(id);
  expect(outcome, verb).toMatchObject({ ok: true });
}

async function put(dumont: Dumont, path: string, text: string): Promise<void> {
  await using shell = await shellOf(dumont);
  await shell.upload([{ path: `/${path}`, mode: 0o644, from: { bytes: Buffer.from(text) } }], signal);
}

async function onMachine(dumont: Dumont, argv: Command['argv']): Promise<string> {
  await using shell = await shellOf(dumont);
  const { code, stdout, stderr } = await shell.run({ argv, timeoutMs: 20_000 }, signal);
  expect(code, `${argv.join(' ')}: ${stderr}`).toBe(0);
  return stdout;
}

async function shellOf(dumont: Dumont): Promise<Shell> {
  const { address, hostKey } = await dumont.engine.ssh('lab');
  return await dumont.ports.connect(address, hostKey, signal);
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  while (!(await holds())) {
    if (signal.aborted) throw new Error(`in vain waited until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

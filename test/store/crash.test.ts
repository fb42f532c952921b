import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { openStore } from '../../engine/store/open-store.ts';
import { temporaryFolder } from './temporary-folder.ts';

const CHILD = join(import.meta.dirname, 'saving-child.ts');
const ROUNDS = 15;

describe.concurrent('a process that saves and is killed', () => {
  test.each([1, 2])(
    'loses no save that returned and leaves no row half written, at any moment (chain %i)',
    async (chain) => {
      await using folder = await temporaryFolder();
      const random = sequence(chain);
      const acknowledged = new Map<string, number>();
      for (let round = 0; round < ROUNDS; round += 1) {
        const child = spawn(process.execPath, [CHILD, folder.path], { stdio: ['ignore', 'pipe', 'inherit'] });
        // Some die while they open and recover, some in the middle of their saves.
        const killAfterLines = round % 5 === 4 ? 0 : 1 + random(300);
        const killAfterMs = random(4);
        if (killAfterLines === 0) setTimeout(() => child.kill('SIGKILL'), 60 + random(120));
        let lines = 0;
        createInterface({ input: child.stdout }).on('line', (line) => {
          const [id = '', version = '0'] = line.split(' ');
          acknowledged.set(id, Math.max(acknowledged.get(id) ?? 0, Number(version)));
          lines += 1;
          if (lines === killAfterLines) setTimeout(() => child.kill('SIGKILL'), killAfterMs);
        });
        await once(child, 'close');

        await using store = await openStore(folder.path, { foldBytes: 30_000 });
        for (const [id, version] of acknowledged) {
          if (id === 'epoch') {
            expect((await store.read('workspaces', 'lab'))?.epoch).toBeGreaterThanOrEqual(version);
            continue;
          }
          const row = await store.read('machines', id);
          expect(row?.version, `${id} after round ${round}`).toBeGreaterThanOrEqual(version);
          expect(row?.version).toBeLessThanOrEqual(version + 1);
          expect(row?.why.split(' ')[0]).toBe(`v${row?.version}`);
          acknowledged.set(id, row?.version ?? 0);
        }
      }
      expect(acknowledged.get('m0')).toBeGreaterThan(ROUNDS);
    },
    60_000,
  );
});

describe('a disk that is really full', () => {
  test.runIf(canMount())('refuses the save, keeps what it has, and what is in memory is what is on disk', async () => {
    await using folder = await temporaryFolder();
    await using copy = await temporaryFolder();
    const script = `mount -t tmpfs -o size=48k none "$1" && "$2" "$3" "$1" 1; cp "$1"/state* "$1"/commits* "$4"`;
    const child = spawn(
      'unshare',
      ['--map-root-user', '--mount', 'sh', '-c', script, 'sh', folder.path, process.execPath, CHILD, copy.path],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const said: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => said.push(line));
    await once(child, 'close');
    expect(said).toContain('failed disk_full');
    const memory = said.filter((line) => line.startsWith('memory'));
    await using store = await openStore(copy.path);
    expect((await store.list('machines')).map((row) => `memory ${row.id} ${row.version}`)).toEqual(memory);
    expect(memory).toHaveLength(1);
  });
});

/** Mounting needs user namespaces, which some computers do not give. */
function canMount(): boolean {
  try {
    execFileSync('unshare', ['--map-root-user', '--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}

/** The same choices in every run. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

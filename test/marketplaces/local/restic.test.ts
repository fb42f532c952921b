import { expect, test } from 'vitest';
import { resticProgram } from '../../restic/which-restic.ts';
import { localWorld, patience, type Up } from './local-world.ts';

test.skipIf(!resticProgram)(
  'restic, by absolute path in two machines at once, sees only what is on its own',
  async () => {
    const world = await localWorld();
    if ((await world.market.notes()).includes('no machine a root of its own')) return;
    const machines = await Promise.all([world.machine({}, 0), world.machine({}, 1)]);
    const lists = await Promise.all(
      machines.map(async (machine, n) => await backUpOn(machine, resticProgram!, `secret-${n}`)),
    );
    expect(lists[0]).toMatch(/\/workspace\/secret-0$/);
    expect(lists[1]).toMatch(/\/workspace\/secret-1$/);
    expect(lists[0]).not.toContain('secret-1');
    expect(lists[1]).not.toContain('secret-0');
  },
);

async function backUpOn({ bash, shell }: Up, restic: string, secret: string): Promise<string> {
  await shell.upload([{ path: '/opt/dumont/restic', mode: 0o755, from: { file: restic } }], patience());
  const run = 'RESTIC_PASSWORD=x /opt/dumont/restic --quiet --repo /data/repo';
  await bash(`echo x > /workspace/${secret}; ${run} init; ${run} backup /workspace`);
  return await bash(`${run} ls latest`);
}

import { writeSync } from 'node:fs';
import { Failure } from '../../engine/domain/failures.ts';
import { openStore } from '../../engine/store/open-store.ts';
import { aMachine, aWorkspace } from '../contracts/store-rows.ts';

/**
 * Saves without end, and says `id version` on standard output for each save that returned, until it is killed or the
 * disk is full. Every row tells its own version a second time, so that a mix of two writes would be seen.
 */
const [folder = '', writers = '3'] = process.argv.slice(2);
await using store = await openStore(folder, { foldBytes: 30_000 });

if (!(await store.read('workspaces', 'lab'))) await store.save('workspaces', aWorkspace());

async function saveOnAndOn(id: string): Promise<void> {
  let row = (await store.read('machines', id)) ?? aMachine({ id });
  for (;;) {
    row = await store.save('machines', { ...row, why: `v${row.version + 1} ${'x'.repeat((row.version * 37) % 900)}` });
    writeSync(1, `${id} ${row.version}\n`);
  }
}

async function claimOnAndOn(): Promise<void> {
  for (;;) {
    const epoch = (await store.claim('lab', 'm1', 1)) ?? 0;
    writeSync(1, `epoch ${epoch}\n`);
    await store.unclaim('lab', 'm1');
  }
}

try {
  const saving = Array.from({ length: Number(writers) }, async (_, n) => await saveOnAndOn(`m${n}`));
  await Promise.all([...saving, claimOnAndOn()]);
} catch (cause) {
  if (!(cause instanceof Failure)) throw cause;
  writeSync(1, `failed ${cause.code}\n`);
  const rows = await store.list('machines');
  for (const row of rows) writeSync(1, `memory ${row.id} ${row.version}\n`);
}

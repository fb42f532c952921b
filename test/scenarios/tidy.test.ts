import { expect, test } from 'vitest';
import { ANA, awake, MINUTE, World } from '../fakes/world.ts';

const HOUR = 60 * MINUTE;

test('rows of what is long over leave the store, and what is still needed stays', async () => {
  const w = new World({ settledKeptMs: HOUR });
  const { engine, stop } = await awake(w);
  await engine.snapshot('lab', { description: 'kept' }, ANA);
  await w.clock.advance(5 * MINUTE);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(2 * HOUR);
  const [view] = await engine.status('lab');
  expect(view?.sight).toBe('awake');
  const rows = {
    machines: (await w.store.list('machines')).map((row) => row.id),
    races: (await w.store.list('races')).map((row) => row.operation),
    operations: (await w.store.list('operations')).map((row) => row.verb),
  };
  expect(rows).toEqual({ machines: [view?.machine?.id], races: [view?.operation?.id], operations: ['wake'] });
  expect((await engine.snapshots('lab')).length, 'snapshots are not rows of what is over').toBeGreaterThan(0);
  expect(w.journals.entries.ledger.length, 'what it cost stays').toBeGreaterThan(1);
  await stop();
});

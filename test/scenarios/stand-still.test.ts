import { expect, test } from 'vitest';
import type { Ports } from '../../engine/domain/ports.ts';
import { saving } from '../../engine/steps/saving.ts';
import { ANA, MINUTE, World } from '../fakes/world.ts';

test('an engine that stood still does not touch a machine that another one has saved for good', async () => {
  const w = new World();
  let ports = {} as Ports;
  const running = await w.start((own) => (ports = own));
  await running.engine.create('lab', {}, ANA);
  await running.engine.wake('lab', {}, ANA);
  await w.clock.advance(MINUTE);
  const [view] = await running.engine.status('lab');
  const row = view?.machine;
  const machine = w.marketplace.machines.get(row?.instance ?? '');
  if (!row || !machine) throw new Error('it did not wake');
  machine.write('workspace/a', 'one');
  w.marketplace.destroyFails = true;
  await running.engine.hibernate('lab', {}, ANA);
  await w.clock.advance(MINUTE);
  expect(machine.frozen).toBe(true);
  const late = saving({ ...row, state: 'saving' }, ports, new AbortController().signal, async (facts) => {
    return await w.store.save('machines', { ...row, ...facts });
  });
  const refused = expect(late).rejects.toMatchObject({ code: 'row_changed' });
  await w.clock.advance(MINUTE);
  await refused;
  expect(machine.frozen, 'nobody can write after the proof').toBe(true);
  await running.stop();
});

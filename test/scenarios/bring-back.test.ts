import { expect, test } from 'vitest';
import { FakeStorage } from '../fakes/storage.ts';
import { ANA, awake, MINUTE, SECOND, World } from '../fakes/world.ts';

/** A workspace at work, with a snapshot of how it was before somebody spoiled a file. */
async function spoiled() {
  const w = new World();
  const running = await awake(w);
  const { engine, machine } = running;
  machine.write('workspace/code.py', 'good');
  machine.write('workspace/notes.md', 'first');
  await engine.snapshot('lab', { description: 'good' }, ANA);
  await w.clock.advance(MINUTE);
  const [good] = (await engine.snapshots('lab')).filter(({ kind }) => kind === 'manual');
  machine.write('workspace/code.py', 'spoiled');
  machine.write('workspace/notes.md', 'second');
  return { w, ...running, good: good!.id };
}

const CODE = { path: 'workspace/code.py', into: null, overwrite: true };

test('one file comes back onto the running machine, and what it was before is in a checkpoint', async () => {
  const { w, engine, machine, good, stop } = await spoiled();
  const { id } = await engine.bringBack('lab', { snapshot: good, ...CODE }, ANA);
  await w.clock.advance(MINUTE);
  const { outcome } = await engine.operation(id);
  expect(outcome).toMatchObject({ ok: true, say: expect.stringMatching(/workspace\/code\.py of .* is back: 1 file/) });
  expect(machine.files.get('workspace/code.py')?.content).toBe('good');
  expect(machine.files.get('workspace/notes.md')?.content).toBe('second');
  const [checkpoint] = (await engine.snapshots('lab')).filter(({ type }) => type === 'CHECKPOINT');
  expect(outcome?.facts).toMatchObject({ checkpoint: checkpoint?.id });
  expect(w.storage.repository('lab').get(checkpoint!.id)?.files.get('workspace/code.py')?.content).toBe('spoiled');
  expect((await w.store.read('workspaces', 'lab'))?.fetches).toEqual([]);
  await stop();
});

test('what is there gives way only to whoever agreed to it, and not even that while nobody works', async () => {
  const { w, engine, good, stop } = await spoiled();
  const disagree = engine.bringBack('lab', { snapshot: good, ...CODE, overwrite: false }, ANA);
  await expect(disagree).rejects.toMatchObject({ code: 'confirmation_needed' });
  await expect(engine.bringBack('lab', { snapshot: good, ...CODE, into: 'srv/then' }, ANA)).rejects.toMatchObject({
    code: 'bad_path',
  });
  await expect(engine.bringBack('lab', { snapshot: 'ffff', ...CODE }, ANA)).rejects.toMatchObject({
    code: 'no_such_snapshot',
  });
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  await expect(engine.bringBack('lab', { snapshot: good, ...CODE }, ANA)).rejects.toMatchObject({
    code: 'no_such_machine',
  });
  await stop();
});

test('into another directory it needs neither agreement nor checkpoint', async () => {
  const { w, engine, machine, good, stop } = await spoiled();
  const how = { snapshot: good, path: 'workspace/code.py', into: 'workspace/then', overwrite: false };
  const { id } = await engine.bringBack('lab', how, ANA);
  await w.clock.advance(MINUTE);
  expect((await engine.operation(id)).outcome?.ok).toBe(true);
  expect(machine.files.get('workspace/then/code.py')?.content).toBe('good');
  expect(machine.files.get('workspace/code.py')?.content).toBe('spoiled');
  expect((await engine.snapshots('lab')).filter(({ type }) => type === 'CHECKPOINT')).toEqual([]);
  await stop();
});

test('its checkpoint is told as one', async () => {
  const { w, engine, good, stop } = await spoiled();
  await engine.bringBack('lab', { snapshot: good, ...CODE }, ANA);
  await w.clock.advance(MINUTE);
  const whys = w.told.flatMap((talk) => (talk.event === 'snapshot.proved' ? [talk.why] : []));
  expect(whys.at(-1)).toBe('a checkpoint');
  await stop();
});

test('a file that the snapshot does not have is said so at once, and no checkpoint is taken for it', async () => {
  const { engine, good, stop } = await spoiled();
  const how = { snapshot: good, path: 'workspace/nothing', into: null, overwrite: true };
  await expect(engine.bringBack('lab', how, ANA)).rejects.toMatchObject({
    code: 'no_such_file',
    facts: { path: '/workspace/nothing' },
  });
  expect((await engine.snapshots('lab')).filter(({ type }) => type === 'CHECKPOINT')).toEqual([]);
  await stop();
});

test('an engine that is killed in between brings it back after its start, with the one checkpoint', async () => {
  const { w, engine, machine, good, stop } = await spoiled();
  machine.manners = { ...machine.manners, saveMs: 20_000 };
  const { id } = await engine.bringBack('lab', { snapshot: good, ...CODE }, ANA);
  await w.clock.advance(SECOND);
  await stop();
  const again = await w.start();
  await w.clock.advance(3 * MINUTE);
  expect((await again.engine.operation(id)).outcome?.ok).toBe(true);
  expect(machine.files.get('workspace/code.py')?.content).toBe('good');
  await again.stop();
});

test('whoever puts it to sleep instead hears that the files did not come back', async () => {
  const { w, engine, machine, good, stop } = await spoiled();
  machine.unreachable = true;
  const { id } = await engine.bringBack('lab', { snapshot: good, ...CODE }, ANA);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(MINUTE);
  machine.unreachable = false;
  await w.clock.advance(20 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('asleep');
  expect((await engine.operation(id)).outcome).toMatchObject({ ok: false, code: 'no_such_machine' });
  await stop();
});

test('a dry run says what it would do, and changes nothing', async () => {
  const { w, engine, machine, good, stop } = await spoiled();
  const before = new Map(machine.files);
  const ask = { onto: 'running', snapshot: good, path: 'workspace', into: null } as const;
  const plan = await engine.restorePlan('lab', ask, NEVER);
  expect(plan).toMatchObject({ quote: null, onMachine: { inTheWay: 2, rounds: 1 } });
  expect(plan.bytes).toBeGreaterThan(0);
  expect(machine.files).toEqual(before);
  expect((await engine.snapshots('lab')).filter(({ type }) => type === 'CHECKPOINT')).toEqual([]);
  expect((await w.store.list('operations')).filter(({ verb }) => verb === 'restore')).toEqual([]);
  await stop();
});

test('a dry run is refused for what the restore would be', async () => {
  const { w, engine, good, stop } = await spoiled();
  const same = async (dry: Promise<unknown>, real: Promise<unknown>): Promise<string> => {
    const [one, other] = await Promise.all(
      [dry, real].map(
        async (it) =>
          await it.then(
            () => null,
            (cause) => cause,
          ),
      ),
    );
    expect(one).toMatchObject({ code: other.code, facts: other.facts });
    return other.code;
  };
  const onto = (more: object) => ({ snapshot: good, path: null, into: null, overwrite: true, ...more });
  const plan = (more: object) => engine.restorePlan('lab', { onto: 'running', ...onto(more) }, NEVER);
  for (const [more, code] of [
    [{ path: 'workspace/nothing' }, 'no_such_file'],
    [{ snapshot: 'ffff' }, 'no_such_snapshot'],
    [{ into: 'etc/there' }, 'bad_path'],
  ] as const)
    expect(await same(plan(more), engine.bringBack('lab', onto(more), ANA))).toBe(code);
  const wake = { snapshot: good };
  const anew = () => engine.restorePlan('lab', { onto: 'new', ...wake }, NEVER);
  expect(await same(anew(), engine.wake('lab', wake, ANA)), 'it is awake').toBe('workspace_awake');
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(20 * MINUTE);
  expect(await same(plan({}), engine.bringBack('lab', onto({}), ANA)), 'it sleeps').toBe('no_such_machine');
  expect(await anew()).toMatchObject({
    files: expect.any(Number),
    onMachine: null,
    quote: { restoreBytes: expect.any(Number) },
  });
  await stop();
});

const NEVER = new AbortController().signal;

test('what the hot repository has lost meanwhile comes from the vault, with the one checkpoint', async () => {
  const { w, engine, machine, good, stop } = await spoiled();
  const vault = new FakeStorage();
  w.vaults.push({ name: 'vault', storage: vault, repositories: vault, lockMs: MINUTE });
  await w.clock.advance(30 * MINUTE);
  expect((await engine.findSnapshot('lab', good)).vaultedAt).not.toBeNull();
  w.storage.repository('lab').delete(good);
  const { id } = await engine.bringBack('lab', { snapshot: good, ...CODE }, ANA);
  await w.clock.advance(MINUTE);
  expect((await engine.operation(id)).outcome).toMatchObject({ ok: true });
  expect(machine.files.get('workspace/code.py')?.content).toBe('good');
  expect(w.told.filter(({ event }) => event === 'repository.mended')).toHaveLength(1);
  expect((await engine.snapshots('lab')).filter(({ type }) => type === 'CHECKPOINT')).toHaveLength(1);

  const { createdAt } = (await w.store.read('workspaces', 'lab'))!;
  w.storage.repository('lab').delete(good);
  vault.repository(`lab.${createdAt}`).delete(good);
  const again = await engine.bringBack('lab', { snapshot: good, ...CODE }, ANA);
  await w.clock.advance(MINUTE);
  expect((await engine.operation(again.id)).outcome).toMatchObject({ ok: false, code: 'restore_failed' });
  await stop();
});

import { expect, test, vi } from 'vitest';
import { openAccounts } from '../../engine/accounts/accounts.ts';
import { keepAccounts } from '../../engine/backups/kept-accounts.ts';
import { noteInstallation, recoverStore } from '../../engine/backups/recovery.ts';
import type { Engine } from '../../engine/domain/doors.ts';
import { Failure } from '../../engine/domain/failures.ts';
import { descriptionKey, metadataKey } from '../../engine/domain/layout.ts';
import type { Storage } from '../../engine/domain/ports.ts';
import { specDefaults } from '../../engine/domain/spec-defaults.ts';
import { FakeStorage } from '../fakes/storage.ts';
import { FakeStore } from '../fakes/store.ts';
import { ANA, awake, MINUTE, unseal, World } from '../fakes/world.ts';

// Many days, or many starts of restic, on a computer that may be busy.
vi.setConfig({ testTimeout: 120_000 });
const DAY = 24 * 60 * MINUTE;
const { signal } = new AbortController();
const seal = (plain: string): string => `sealed ${plain}`;

async function lost() {
  const w = new World();
  const vault = new FakeStorage();
  w.vaults.push({ name: 'vault', storage: vault, repositories: vault, lockMs: DAY });
  await noteInstallation('test', w.storage, { mark: 'aa', seal }, signal);
  const running = await awake(w);
  running.machine.write('workspace/train.py', 'print(1)');
  await running.engine.snapshot('lab', { description: 'before the store was lost', tags: ['keep'] }, ANA);
  await w.clock.advance(MINUTE);
  running.machine.write('workspace/train.py', 'print(2)');
  const recover = async (storages: readonly Storage[] = [w.storage, vault], open = unseal) => {
    const store = new FakeStore();
    const recovery = { storages, open, store, specDefaults: specDefaults(w.settings), now: w.clock.now() };
    return { store, recovered: await recoverStore(recovery, signal) };
  };
  return { w, vault, ...running, recover };
}

/** As far as it is kept in storage: what only the store knows is made anew. */
const lasting = ({ version, vaultedAt, ...rest }: { version: number; vaultedAt: unknown }) => rest;

test('a store that was lost comes back from storage: workspaces, their passwords, and every snapshot', async () => {
  const { w, engine, recover, stop } = await lost();
  await engine.configure('lab', { image: 'ubuntu:24.04', environment: { TOKEN: 'secret' } }, ANA);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  await stop();
  const { store, recovered } = await recover();
  expect(recovered).toEqual({
    installation: 'test',
    accounts: 0,
    reserved: ['ana'],
    workspaces: [{ id: 'lab', snapshots: 2, missing: [], unreadable: [] }],
    foreign: [],
  });
  const before = await w.store.list('snapshots');
  expect((await store.list('snapshots')).map(lasting)).toEqual(before.map(lasting));
  const [old] = await w.store.list('workspaces');
  const [lab] = await store.list('workspaces');
  expect(lab).toMatchObject({ id: 'lab', owner: 'ana', spec: old?.spec, sealedPassword: old?.sealedPassword });
  expect(lab?.epoch).toBeGreaterThan(old?.epoch ?? 0);
  expect(lab?.sequence).toBeGreaterThan(old?.sequence ?? 0);
  const text = [...w.storage.objects].map(([key, body]) => `${key} ${Buffer.from(body).toString()}`).join('\n');
  expect(text.match(/.*TOKEN.*/g)?.every((line) => line.includes('sealed '))).toBe(true);
});

test('it comes back from the vault alone, and a wake brings the data back from there', async () => {
  const { w, vault, engine, recover, stop } = await lost();
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  await stop();
  w.storage.repository('lab').clear();
  w.storage.objects.clear();
  const { store, recovered } = await recover();
  expect(recovered.workspaces).toEqual([{ id: 'lab', snapshots: 2, missing: [], unreadable: [] }]);
  expect(vault.objects.size).toBeGreaterThan(0);
  expect(await store.list('snapshots')).toHaveLength(2);
});

test('another key changes nothing and says so, and storage of nobody is no installation', async () => {
  const { w, recover, stop } = await lost();
  const other = (): string => {
    throw new Failure('wrong_password', { workspace: '-' });
  };
  await expect(recover(undefined, other)).rejects.toMatchObject({ code: 'wrong_recovery_key' });
  await expect(recover([new FakeStorage()])).rejects.toMatchObject({ code: 'nothing_to_recover' });
  expect(w.storage.objects.size).toBeGreaterThan(0);
  await stop();
});

test('what a stranger sealed in the same storage is named, left where it is, and in the way of nothing else', async () => {
  const { w, engine, recover, stop } = await lost();
  const strangers = ['lab', 'other'].map((id) => descriptionKey(id, 'ffffffffffffffff'));
  for (const key of strangers) w.storage.objects.set(key, Buffer.from('by another key'));
  await engine.configure('lab', { diskGb: 50 }, ANA);
  await stop();
  expect(w.storage.objects.get(strangers[0]!), 'it may hold the only password there is').toBeDefined();
  const { recovered } = await recover();
  expect(recovered.workspaces.map(({ id }) => id)).toEqual(['lab']);
  expect(recovered.foreign).toEqual(['other']);
});

test('a name that storage still describes is not free, though the store knows nothing of it', async () => {
  const { w, engine, stop } = await lost();
  const [{ id } = { id: '' }] = await engine.snapshots('lab');
  w.storage.objects.set(descriptionKey('other', 'ffffffffffffffff'), Buffer.from('by another key'));
  const before = new Map(w.storage.objects);
  const taken = { code: 'workspace_in_storage' };
  await expect(engine.clone('lab', id, { into: 'other' }, ANA)).rejects.toMatchObject(taken);
  await stop();
  Object.assign(w, { store: new FakeStore() });
  const { engine: fresh, stop: end } = await w.start();
  for (const name of ['lab', 'other']) await expect(fresh.create(name, {}, ANA)).rejects.toMatchObject(taken);
  expect(await w.store.list('workspaces')).toEqual([]);
  expect(new Map(w.storage.objects)).toEqual(before);
  await end();
});

test('what is not whole in storage is named, and the rest comes back', async () => {
  const { w, engine, recover, stop } = await lost();
  w.vaults.length = 0;
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  await stop();
  const [first, second] = await w.store.list('snapshots');
  w.storage.objects.set(metadataKey('lab', first?.id ?? ''), Buffer.from('{"format":1'));
  w.storage.repository('lab').delete(second?.id ?? '');
  const { store, recovered } = await recover([w.storage]);
  expect(recovered.workspaces[0]?.missing).toEqual([second?.id]);
  expect(recovered.workspaces[0]?.unreadable).toEqual([expect.stringContaining(first?.id ?? '')]);
  expect((await store.list('snapshots')).map(({ status, provedAt }) => [status, provedAt])).toEqual([['FAILED', null]]);
});

test('a workspace that was destroyed stays so, though the vault still holds it', async () => {
  const { w, vault, engine, recover, stop } = await lost();
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  await engine.destroy('lab', { purge: true }, ANA);
  expect((await recover()).recovered.workspaces).toEqual([]);
  expect(vault.objects.size).toBeGreaterThan(1);
  await w.clock.advance(3 * DAY);
  expect([...vault.objects.keys()], 'when its lock has ended it goes').toEqual(['_dumont/installation-aa.json']);
  await stop();
});

test('what was removed stays removed, though the vault still holds it, and leaves that too when its lock ends', async () => {
  const { w, vault, engine, recover, stop } = await lost();
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  const [newest, old] = await engine.snapshots('lab');
  expect(old?.vaultedAt).not.toBeNull();
  await engine.forget('lab', old!.id, { why: 'a secret was in it', newest: false }, ANA);
  const kept = async () => {
    const { store, recovered } = await recover();
    const rows = (await store.list('snapshots')).filter(({ leaving }) => leaving === null).map(({ id }) => id);
    expect(recovered.workspaces).toMatchObject([{ id: 'lab', snapshots: rows.length, missing: [] }]);
    return rows;
  };
  expect(await kept(), 'before anything of it went').toEqual([newest?.id]);
  await w.clock.advance(10 * MINUTE);
  expect(await w.store.list('snapshots')).toHaveLength(1);
  const named = (storage: FakeStorage) => [...storage.objects.keys()].filter((key) => key.includes(old!.id));
  expect(named(vault).some((key) => key.endsWith('/metadata.json'))).toBe(true);
  expect(await kept(), 'while the hot repository says so').toEqual([newest?.id]);
  await w.clock.advance(DAY);
  const hot = new Map(w.storage.objects);
  w.storage.objects.clear();
  expect(await kept(), 'by what the vault says alone').toEqual([newest?.id]);
  for (const [key, body] of hot) w.storage.objects.set(key, body);
  await w.clock.advance(6 * DAY);
  expect([...named(vault), ...named(w.storage)], 'nothing speaks of it any more').toEqual([]);
  expect(await kept()).toEqual([newest?.id]);
  await stop();
});

test('what was pinned after it was in the vault is pinned by what the vault alone says, too', async () => {
  const { w, engine, recover, stop } = await lost();
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  const [, old] = await engine.snapshots('lab');
  expect(old?.vaultedAt).not.toBeNull();
  await engine.pin('lab', old!.id, { pinned: true, why: 'the paper' }, ANA);
  const pinned = { by: 'ana', why: 'the paper', at: w.clock.now() };
  await w.clock.advance(DAY);
  const hot = new Map(w.storage.objects);
  const pinOf = async () => (await (await recover()).store.read('snapshots', old!.id))?.pinned;
  w.storage.objects.clear();
  expect(await pinOf()).toEqual(pinned);
  for (const [key, body] of hot) w.storage.objects.set(key, body);
  await engine.pin('lab', old!.id, { pinned: false, why: '' }, ANA);
  expect(await pinOf(), 'the hot repository says so first').toBeNull();
  await w.clock.advance(6 * DAY);
  w.storage.objects.clear();
  expect(await pinOf(), 'once its lock has ended').toBeNull();
  await stop();
});

/** Who may come in to a store, and what they must know. */
const deskOf = (store: FakeStore, now: () => number) => {
  let ids = 0;
  const clock = { now, sleep: async () => undefined };
  return openAccounts({ store, clock, newId: (prefix) => `${prefix}${++ids}`, derive: () => KEY });
};
const KEY = new Uint8Array(32);
const PASSWORD = 'correct horse battery';

/** Until the accounts were looked at once, as an engine does it all the time. */
async function keptOnce(w: World, mark = 'aa'): Promise<void> {
  const once = new AbortController();
  const sleep = async () => {
    once.abort();
    throw new Error('ended');
  };
  const clock = { now: () => w.clock.now(), sleep };
  const work = {
    store: w.store,
    storage: w.storage,
    vaults: w.vaults,
    key: { mark, seal },
    clock,
    log: () => undefined,
  };
  await expect(keepAccounts(work, once.signal)).rejects.toThrow('ended');
}

test('accounts are kept at the next look after a fault, which is logged as one', async () => {
  const w = new World();
  const list = w.storage.list.bind(w.storage);
  w.storage.list = async () => {
    w.storage.list = list;
    throw new TypeError('it is no function');
  };
  await deskOf(w.store, () => w.clock.now()).create('ana', 'operator', 'admin', PASSWORD);
  const logged: unknown[] = [];
  const stop = new AbortController();
  const work = {
    ...{ store: w.store, storage: w.storage, vaults: [], key: { mark: 'aa', seal }, clock: w.clock },
    log: (...line: unknown[]) => void logged.push(line),
  };
  const ended = keepAccounts(work, stop.signal).catch(() => undefined);
  await w.clock.advance(2 * MINUTE);
  stop.abort();
  await ended;
  expect(logged).toEqual([['accounts.not_kept', { why: 'it is no function' }, 'ERROR']]);
  expect([...w.storage.objects.keys()]).toEqual([expect.stringMatching(/^_dumont\/accounts\//)]);
});

test('accounts come back with their passwords, from the vault alone too, and their logins and tokens do not', async () => {
  const { w, recover, stop } = await lost();
  await stop();
  const now = () => w.clock.now();
  const desk = deskOf(w.store, now);
  for (const name of ['ana', 'joao']) await desk.create(name, 'operator', 'admin', PASSWORD);
  await keptOnce(w);
  await desk.change('joao', { ended: true });
  const { access, refresh, who } = await desk.login('ana', PASSWORD, 'here');
  const { word } = await desk.createToken(who, { name: 'ci', role: null, workspaces: null, forMs: null });
  await keptOnce(w);
  const kept = (storage: FakeStorage) =>
    [...storage.objects.keys()].filter((key) => key.startsWith('_dumont/accounts/'));
  expect(kept(w.storage), 'the former is gone').toHaveLength(1);
  const text = Buffer.from(w.storage.objects.get(kept(w.storage)[0]!)!).toString();
  expect(text.startsWith('sealed ') && !text.includes(PASSWORD)).toBe(true);
  w.storage.repository('lab').clear();
  w.storage.objects.clear();
  const { store, recovered } = await recover();
  expect(recovered).toMatchObject({ accounts: 2, reserved: [] });
  const again = deskOf(store, now);
  for (const old of [() => again.whose(access), () => again.refresh(refresh), () => again.whose(word)])
    await expect(old()).rejects.toMatchObject({ code: 'bad_token' });
  expect((await again.login('ana', PASSWORD, 'here')).who).toMatchObject({ name: 'ana', role: 'operator' });
  await expect(again.login('joao', PASSWORD, 'here'), 'who was shut out stays so').rejects.toMatchObject({
    code: 'wrong_login',
  });
});

test('a name that a workspace carries is given to nobody, though no account came back', async () => {
  const { w, engine, recover, stop } = await lost();
  const shared = (await w.store.read('workspaces', 'lab'))!;
  const share = { with: 'admin', role: 'operator', by: 'ana', at: 0 } as const;
  await w.store.save('workspaces', { ...shared, shares: [share] });
  await engine.configure('lab', { diskGb: 50 }, ANA);
  await stop();
  const { store, recovered } = await recover();
  expect(recovered).toMatchObject({ accounts: 0, reserved: ['admin', 'ana'] });
  const desk = deskOf(store, () => w.clock.now());
  const first = (await desk.begin())!;
  expect((await desk.login(first.name, first.password, 'here')).who.role, 'somebody must come in').toBe('admin');
  expect(await desk.begin()).toBeNull();
  await expect(desk.create('ana', 'operator', 'admin')).rejects.toMatchObject({ code: 'account_exists' });
  await expect(desk.login('ana', '', 'here')).rejects.toMatchObject({ code: 'wrong_login' });
  await desk.change('ana', { ended: false, role: 'operator', password: PASSWORD });
  expect((await desk.login('ana', PASSWORD, 'here')).who).toMatchObject({ name: 'ana', role: 'operator' });
});

test('after that the engine only adopts: the machine that runs is saved and stays, until a person confirms', async () => {
  const { w, machine, recover, stop } = await lost();
  await stop();
  const { store } = await recover();
  Object.assign(w, { store });
  const { engine, stop: end } = await w.start();
  await w.clock.advance(30 * MINUTE);
  const machines = await store.list('machines');
  expect(machines).toHaveLength(1);
  expect(machine.destroyed).toBe(false);
  expect(w.told.some(({ event }) => event === 'machine.adopted')).toBe(true);
  const saved = (await engine.snapshots('lab')).some(({ machine: by }) => by === machines[0]?.id);
  expect(saved, 'what was on it is in storage by now').toBe(true);
  await expect(engine.wake('lab', {}, ANA)).rejects.toMatchObject({ code: 'recovery_unconfirmed' });
  await expect(engine.destroy('lab', { purge: true }, ANA)).rejects.toMatchObject({ code: 'recovery_unconfirmed' });
  const [{ id } = { id: '' }] = await engine.snapshots('lab');
  await expect(engine.clone('lab', id, { into: 'two' }, ANA)).rejects.toMatchObject({ code: 'recovery_unconfirmed' });
  expect(await engine.confirmRecovery(ANA)).toBe(true);
  await w.clock.advance(20 * MINUTE);
  expect(machine.destroyed).toBe(true);
  expect(await engine.confirmRecovery(ANA), 'once more does nothing').toBe(false);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(3 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  await end();
});

type Ask = (engine: Engine, snapshot: string) => Promise<unknown>;

/** What would rent, destroy or remove, by engine call. */
const REFUSED: Readonly<Record<string, Ask>> = {
  wake: (engine) => engine.wake('lab', {}, ANA),
  restorePlan: (engine, snapshot) => engine.restorePlan('lab', { onto: 'new', snapshot }, signal),
  abandon: (engine) => engine.abandon('lab', { why: 'it costs' }, ANA),
  forget: (engine, snapshot) => engine.forget('lab', snapshot, { newest: true, why: 'a secret was in it' }, ANA),
  destroy: (engine) => engine.destroy('lab', { purge: true }, ANA),
  rekey: (engine) => engine.rekey('lab', ANA),
  clone: (engine, snapshot) => engine.clone('lab', snapshot, { into: 'two' }, ANA),
  give: (engine, snapshot) => engine.give('lab', snapshot, { to: 'joao', into: 'two' }, ANA),
};
/** Decisions that can be taken back, saves, and what leaves the work where it is. */
const HARMLESS: Readonly<Record<string, Ask>> = {
  create: (engine) => engine.create('more', {}, ANA),
  configure: (engine) => engine.configure('lab', { retentionDays: 7 }, ANA),
  share: (engine) => engine.share('lab', { with: 'joao', role: 'viewer' }, ANA),
  keep: (engine) => engine.keep('lab', { forMs: null, why: '' }, ANA),
  schedule: (engine) => engine.schedule('lab', { want: 'asleep', days: ['mon'], time: '08:45', zone: 'UTC' }, ANA),
  unschedule: (engine) => engine.unschedule('lab', 's1', ANA),
  pin: (engine, snapshot) => engine.pin('lab', snapshot, { pinned: false, why: '' }, ANA),
  snapshot: (engine) => engine.snapshot('lab', { description: 'found again' }, ANA),
  drill: (engine, snapshot) => engine.drill('lab', { snapshot }, ANA),
  run: (engine) => engine.run('lab', { argv: ['true'], thenHibernate: false }, ANA),
  bringBack: (engine, snapshot) =>
    engine.bringBack('lab', { snapshot, path: null, into: 'workspace/old', overwrite: false }, ANA),
  standBy: (engine) => engine.standBy('lab', { on: false, agreedDollarsPerMonth: null }, ANA),
  setBudget: (engine) => engine.setBudget({ scope: 'workspace', of: 'lab', per: 'day', micro: 5e6 }, ANA),
  removeBudget: (engine) => engine.removeBudget('workspace/lab/day', ANA),
  planReport: (engine) =>
    engine.planReport(
      { guild: 'g', channel: 'c', workspace: 'lab', every: 'daily', time: '09:00', zone: 'UTC', language: 'en' },
      ANA,
    ),
  removeReport: async (engine) => {
    for (const { id } of await engine.reports()) await engine.removeReport(id, ANA);
  },
  pause: (engine) => engine.pause('lab', ANA),
  hibernate: (engine) => engine.hibernate('lab', {}, ANA),
};
const ONLY_LOOKS = new Set(
  (
    'find status snapshots findSnapshot backups findBackup files diff download retention alerts drills plans logs followLog ' +
    'past events lastTold operation operations quote ssh offers hosts health standby budgets reports savings atRisk'
  ).split(' '),
);

test('before that nothing is removed, whatever people ask for and however long they take', async () => {
  const { w, vault, machine, engine: first, recover, stop } = await lost();
  const account = { version: 0, role: 'operator', password: '', createdAt: 0, createdBy: '', endedAt: null } as const;
  await first.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  await first.wake('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  await first.create('old', {}, ANA);
  await first.destroy('old', { purge: true }, ANA);
  await stop();
  const { store } = await recover();
  await store.save('accounts', { ...account, id: 'joao', wordsSince: 0, discord: null });
  Object.assign(w, { store });
  const { engine, stop: end } = await w.start();
  await w.clock.advance(5 * MINUTE);
  const [{ id } = { id: '' }] = await engine.snapshots('lab');
  const asked = [...Object.keys(REFUSED), ...Object.keys(HARMLESS)];
  expect(new Set([...asked, ...ONLY_LOOKS, 'confirmRecovery'])).toEqual(new Set(Object.keys(engine)));
  const rows = async () => new Set((await store.list('snapshots')).map((row) => row.id));
  const before = { hot: [...w.storage.objects.keys()], vault: [...vault.objects.keys()], rows: await rows() };
  for (const [name, ask] of Object.entries(REFUSED))
    await expect(ask(engine, id), name).rejects.toMatchObject({ code: 'recovery_unconfirmed' });
  for (const [name, ask] of Object.entries(HARMLESS)) {
    const refused = await ask(engine, id).then(
      () => null,
      ({ code }) => code,
    );
    expect([null, 'no_such_machine'], name).toContain(refused);
    await w.clock.advance(MINUTE);
  }
  await w.clock.advance(9 * DAY);
  const lacks = (now: Iterable<string>, was: Iterable<string>) => {
    const there = new Set(now);
    return [...was].filter((one) => !there.has(one));
  };
  expect(lacks(w.storage.objects.keys(), before.hot).filter((key) => !key.startsWith('_dumont/workspaces/'))).toEqual(
    [],
  );
  expect(lacks(vault.objects.keys(), before.vault)).toEqual([]);
  expect(lacks(await rows(), before.rows)).toEqual([]);
  expect(w.storage.forgotten.size + vault.forgotten.size).toBe(0);
  expect(w.rented.length, 'what it saved and would let go').toBe(1);
  expect(machine.destroyed, 'that one was let go before').toBe(true);
  await engine.confirmRecovery(ANA);
  const oldest = (await engine.snapshots('lab')).at(-1);
  await engine.forget('lab', oldest?.id ?? '', { newest: false, why: 'a secret was in it' }, ANA);
  await end();
});

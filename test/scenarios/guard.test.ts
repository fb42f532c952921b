import { expect, test } from 'vitest';
import type { Role, Who } from '../../engine/domain/account.ts';
import type { Engine } from '../../engine/domain/doors.ts';
import { engineFor } from '../../engine/guard.ts';
import { ANA, awake, MINUTE, World } from '../fakes/world.ts';

const who = (name: string, role: Role, workspaces: readonly string[] | null = null): Who => ({
  name,
  role,
  workspaces,
  by: 'password',
});
const NEVER = new AbortController().signal;

/** Ana's lab, shared with Vera to look and with Otto to work; Joao is another operator. */
async function house() {
  const w = new World();
  const { engine, stop } = await awake(w);
  const row = (await w.store.read('workspaces', 'lab'))!;
  const shares = [
    { with: 'vera', role: 'viewer', by: 'ana', at: 0 },
    { with: 'otto', role: 'operator', by: 'ana', at: 0 },
  ] as const;
  await w.store.save('workspaces', { ...row, owner: 'ana', shares });
  const as = (one: Who): Engine => engineFor(one, engine, w.store);
  return { w, engine, stop, as };
}

type Call = (engine: Engine) => Promise<unknown>;

/** Every call about a workspace, and what it takes. */
const REPORT = {
  guild: 'g',
  channel: 'c',
  every: 'daily',
  time: '09:00',
  zone: 'UTC',
  language: 'en',
} as const;
const CALLS: Readonly<Record<string, readonly [needs: Role, call: Call]>> = {
  status: ['viewer', (engine) => engine.status('lab')],
  snapshots: ['viewer', (engine) => engine.snapshots('lab')],
  files: ['viewer', (engine) => engine.files('lab', 'abcd', { folder: '', deep: false }, NEVER)],
  diff: ['viewer', (engine) => engine.diff('lab', 'abcd', 'abce', NEVER)],
  download: ['operator', (engine) => engine.download('lab', 'abcd', '', NEVER)],
  findSnapshot: ['viewer', (engine) => engine.findSnapshot('lab', 'abcd')],
  backups: ['viewer', (engine) => engine.backups('lab')],
  findBackup: ['viewer', (engine) => engine.findBackup('lab', 'abcd')],
  logs: ['viewer', (engine) => engine.logs('lab', { least: 'INFO', limit: 1 })],
  followLog: [
    'viewer',
    (engine) =>
      engine.followLog('lab', { least: 'INFO', after: null }, AbortSignal.abort())[Symbol.asyncIterator]().next(),
  ],
  standby: ['viewer', (engine) => engine.standby('lab')],
  savings: [
    'viewer',
    (engine) =>
      engine.savings({
        workspace: 'lab',
        user: null,
        period: { from: 0, until: 0 },
        baseline: { kind: 'offer' },
        by: 'day',
      }),
  ],
  planReport: ['viewer', (engine) => engine.planReport({ ...REPORT, workspace: 'lab' }, ANA)],
  standBy: ['operator', (engine) => engine.standBy('lab', { on: false, agreedDollarsPerMonth: null }, ANA)],
  setBudget: ['admin', (engine) => engine.setBudget({ scope: 'workspace', of: 'lab', per: 'day', micro: 1 }, ANA)],
  removeBudget: ['admin', (engine) => engine.removeBudget('workspace/lab/day', ANA)],
  operations: ['viewer', (engine) => engine.operations('lab')],
  retention: ['viewer', (engine) => engine.retention('lab')],
  alerts: ['viewer', (engine) => engine.alerts('lab')],
  drills: ['viewer', (engine) => engine.drills('lab')],
  plans: ['viewer', (engine) => engine.plans('lab')],
  past: ['viewer', (engine) => engine.past(0, 'lab', 10)],
  atRisk: ['viewer', (engine) => engine.atRisk('lab', NEVER)],
  quote: ['operator', (engine) => engine.quote('lab', {})],
  ssh: ['operator', (engine) => engine.ssh('lab')],
  wake: ['operator', (engine) => engine.wake('lab', {}, ANA)],
  keep: ['operator', (engine) => engine.keep('lab', { forMs: MINUTE, why: '' }, ANA)],
  schedule: [
    'operator',
    (engine) => engine.schedule('lab', { want: 'awake', days: ['mon'], time: '08:45', zone: 'Europe/Lisbon' }, ANA),
  ],
  unschedule: ['operator', (engine) => engine.unschedule('lab', 's1', ANA)],
  configure: ['operator', (engine) => engine.configure('lab', { diskGb: 50 }, ANA)],
  pause: ['operator', (engine) => engine.pause('lab', ANA)],
  snapshot: ['operator', (engine) => engine.snapshot('lab', { description: '' }, ANA)],
  pin: ['operator', (engine) => engine.pin('lab', 'a', { pinned: true, why: '' }, ANA)],
  run: ['operator', (engine) => engine.run('lab', { argv: ['true'], thenHibernate: false }, ANA)],
  bringBack: [
    'operator',
    (engine) => engine.bringBack('lab', { snapshot: 'abcd', path: null, into: null, overwrite: true }, ANA),
  ],
  restorePlan: [
    'operator',
    (engine) => engine.restorePlan('lab', { onto: 'running', snapshot: 'abcd', path: null, into: null }, NEVER),
  ],
  clone: ['operator', (engine) => engine.clone('lab', 'abcd', { into: 'copy' }, ANA)],
  give: ['admin', (engine) => engine.give('lab', 'abcd', { to: 'joao', into: 'copy' }, ANA)],
  rekey: ['admin', (engine) => engine.rekey('lab', ANA)],
  drill: ['operator', (engine) => engine.drill('lab', { snapshot: 'abcd' }, ANA)],
  forget: ['admin', (engine) => engine.forget('lab', 'abcd', { newest: false, why: '' }, ANA)],
  abandon: ['operator', (engine) => engine.abandon('lab', { why: 'x' }, ANA)],
  hibernate: ['operator', (engine) => engine.hibernate('lab', {}, ANA)],
  share: ['admin', (engine) => engine.share('lab', { with: 'joao', role: null }, ANA)],
  destroy: ['admin', (engine) => engine.destroy('lab', { purge: false }, ANA)],
};
const PEOPLE: readonly (readonly [Who, Role | null])[] = [
  [who('boss', 'admin'), 'admin'],
  [who('ana', 'operator'), 'admin'],
  [who('otto', 'operator'), 'operator'],
  [who('vera', 'operator'), 'viewer'],
  [who('otto', 'viewer'), 'viewer'],
  [who('joao', 'operator'), null],
  [who('ana', 'operator', ['train']), null],
];
const ORDER: readonly Role[] = ['viewer', 'operator', 'admin'];

test('who may do what with a workspace is what the table says, for every call and everybody', async () => {
  const { as, stop } = await house();
  expect(
    new Set([
      ...Object.keys(CALLS),
      'create',
      'confirmRecovery',
      'offers',
      'hosts',
      'health',
      'operation',
      'events',
      'lastTold',
      // Of money that is nobody's workspace's: each says itself whose it is.
      'reports',
      'removeReport',
      'budgets',
    ]),
  ).toEqual(new Set(Object.keys(as(who('boss', 'admin')))));
  for (const [name, [needs, call]] of Object.entries(CALLS)) {
    for (const [person, has] of PEOPLE) {
      const what = `${person.name} (${person.role}${person.workspaces ? ', token' : ''}) asks ${name}`;
      const refused = await call(as(person)).then(
        () => null,
        ({ code }) => code,
      );
      const expected =
        has === null ? 'no_such_workspace' : ORDER.indexOf(has) < ORDER.indexOf(needs) ? 'forbidden' : null;
      if (expected) expect(refused, what).toBe(expected);
      else expect(['no_such_workspace', 'forbidden'], what).not.toContain(refused);
    }
  }
  await stop();
});

test('a list shows what one may see, and names of others nowhere', async () => {
  const { as, stop } = await house();
  const joao = as(who('joao', 'operator'));
  await joao.create('own', {}, { by: 'joao', key: null });
  expect((await joao.status(null)).map(({ workspace }) => workspace.id)).toEqual(['own']);
  expect((await as(who('vera', 'viewer')).status(null)).map(({ workspace }) => workspace.id)).toEqual(['lab']);
  expect((await as(who('boss', 'admin')).status(null)).map(({ workspace }) => workspace.id)).toEqual(['lab', 'own']);
  await expect(joao.status('lab')).rejects.toMatchObject({ facts: { known: 'own' } });
  await expect(as(who('vera', 'viewer')).create('more', {}, ANA)).rejects.toMatchObject({ code: 'forbidden' });
  await expect(as(who('ana', 'operator', ['lab'])).create('more', {}, ANA)).rejects.toMatchObject({
    code: 'forbidden',
  });
  await stop();
});

test('operations and events of others are not told', async () => {
  const { w, engine, as, stop } = await house();
  const operation = await engine
    .keep('lab', { forMs: MINUTE, why: 'a secret plan' }, ANA)
    .then(() => engine.hibernate('lab', {}, ANA));
  await w.clock.advance(MINUTE);
  const joao = as(who('joao', 'operator'));
  await expect(joao.operation(operation.id)).rejects.toMatchObject({ code: 'no_such_operation' });
  expect(await as(who('vera', 'viewer')).operation(operation.id)).toMatchObject({ id: operation.id });
  expect((await joao.past(0, null, 1_000)).filter(({ workspace }) => workspace === 'lab')).toEqual([]);
  expect((await as(who('vera', 'viewer')).past(0, null, 1_000)).some(({ workspace }) => workspace === 'lab')).toBe(
    true,
  );

  // Whoever begins to listen now is not told again what was before, though the last of it was not for them.
  expect(await joao.lastTold()).toBe((await engine.past(0, null, 1)).at(-1)?.number);

  const heard: string[] = [];
  const leaving = new AbortController();
  const listening = (async () => {
    for await (const told of joao.events(0, null, leaving.signal)) heard.push(told.workspace ?? '');
  })().catch(() => undefined);
  await w.clock.advance(MINUTE);
  leaving.abort();
  await listening;
  expect(heard).not.toContain('lab');
  await stop();
});

test('a workspace under a name that another one had says nothing of that one, and its tokens do not open it', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  const as = (one: Who): Engine => engineFor(one, engine, w.store);
  const [otto, joao] = [who('otto', 'operator'), who('joao', 'operator')];
  await as(otto).create('lab', {}, { by: 'otto', key: null });
  const told = { event: 'machine.moved', workspace: 'lab', facts: {} };
  await w.journals.append('events', { at: w.clock.now(), number: 1, ...told });
  const { id } = await as(otto).wake('lab', {}, { by: 'otto', key: null });
  await w.clock.advance(10 * MINUTE);
  await as(otto).hibernate('lab', {}, { by: 'otto', key: null });
  await w.clock.advance(30 * MINUTE);
  const token = { id: 't1', version: 0, account: 'otto', name: 'ci', role: 'operator', secret: '' } as const;
  const when = { createdAt: 0, expiresAt: null, usedAt: null };
  await w.store.save('tokens', { ...token, ...when, workspaces: ['lab', 'train'] });
  expect((await as(otto).past(0, 'lab', 100)).length).toBeGreaterThan(0);
  const spent = {
    kind: 'budget_spent',
    workspace: 'lab',
    why: '$200.00 of it',
    resolvedBy: 'it ended by itself',
  } as const;
  const over = { raisedAt: w.clock.now(), resolvedAt: w.clock.now() };
  await w.store.save('alerts', { id: 'budget_spent/workspace/lab/day', version: 0, ...spent, ...over });
  expect(await as(otto).alerts('lab')).toMatchObject([spent]);
  await as(otto).destroy('lab', { purge: true }, { by: 'otto', key: null });
  await w.clock.advance(MINUTE);
  await as(joao).create('lab', {}, { by: 'joao', key: null });

  expect(await as(joao).operations('lab')).toEqual([]);
  expect(await as(joao).operations(null)).toEqual([]);
  expect(await as(joao).alerts('lab')).toEqual([]);
  await expect(as(joao).operation(id)).rejects.toMatchObject({ code: 'no_such_operation' });
  const began = w.clock.now();
  expect((await as(joao).past(0, 'lab', 100)).filter(({ at }) => at < began)).toEqual([]);
  await as(joao).wake('lab', {}, { by: 'joao', key: null });
  expect(await as(joao).operations('lab')).toMatchObject([{ by: 'joao', verb: 'wake' }]);
  expect((await w.store.read('tokens', 't1'))?.workspaces).toEqual(['train']);
  await stop();
});

import { OWNER } from '../domain/account.ts';
import { Failure } from '../domain/failures.ts';
import type { Charge } from '../domain/journals.ts';
import { type AccountSums, addCharge, addSums, DAY_MS, type DaySum, type Sums } from '../domain/ledger.ts';
import type { Ports } from '../domain/ports.ts';
import type { Savings, SavingsWanted } from '../domain/savings.ts';
import type { Workspace } from '../domain/workspace.ts';
import { type DayFigures, type Life, savingsOf, tally } from '../policy/savings.ts';
import { notYetEntered } from './not-yet-entered.ts';

/** The one place where savings are computed: every way in shows these figures. */
export async function savingsFor(wanted: SavingsWanted, ports: Ports): Promise<Savings> {
  const { workspace, period, baseline, by } = wanted;
  const now = ports.clock.now();
  const fits = (name: string, owner: string): boolean =>
    (workspace === null || name === workspace) &&
    (wanted.user === null || owner === wanted.user) &&
    (wanted.only?.(name, owner) ?? true);
  const rows = new Map((await ports.store.list('workspaces')).map((row) => [row.id, row]));
  await mustBeKnown(wanted, rows, ports);
  const tallied = tally(by);
  const add = (account: AccountSums, days: readonly DayFigures[]): void =>
    tallied.add(account.workspace, account.owner, days);
  const figuresOf = (account: AccountSums): readonly DayFigures[] =>
    savingsOf(account, lifeOf(account, rows.get(account.workspace)), baseline, period, now);
  // What it slept through is priced by the machine before, so it is looked for a while back; for who slept longer, all the way.
  const from = period.from - BEFORE_MS;
  const sleepers = new Map<string, AccountSums>();
  for await (const account of accounts({ from, until: period.until, workspace }, rows, ports)) {
    if (!fits(account.workspace, account.owner)) continue;
    const days = figuresOf(account);
    const { createdAt = now } = rows.get(account.workspace) ?? {};
    if (createdAt < from && days.some(({ baselineMicro }) => baselineMicro === null))
      sleepers.set(keyOf(account.workspace, account.owner), account);
    else add(account, days);
  }
  if (sleepers.size > 0) {
    for await (const before of ports.journals.sums({
      from: 0,
      until: from,
      ...(workspace !== null && { workspace }),
    })) {
      const key = keyOf(before.workspace, before.owner);
      const account = sleepers.get(key);
      if (account) sleepers.set(key, { ...account, days: [...before.days, ...account.days] });
    }
    for (const account of sleepers.values()) add(account, figuresOf(account));
  }
  if (by === 'machine' || by === 'race') {
    for (const [key, sums] of await byEntry(by, wanted, fits, rows, ports)) tallied.pay(key, sums);
  }
  return { period, baseline, by, total: tallied.total(), rows: tallied.rows() };
}

const BEFORE_MS = 92 * DAY_MS;

/** What is in the books is known, also when it is no more; a name that was never there is a mistake, and costs nothing. */
async function mustBeKnown(
  { workspace, user, only = () => true }: SavingsWanted,
  rows: ReadonlyMap<string, Workspace>,
  ports: Ports,
): Promise<void> {
  const row = rows.get(workspace ?? '');
  const seen = workspace === null || (row !== undefined && only(row.id, row.owner));
  if (!seen && !(await inBooks(only, workspace, ports)))
    throw new Failure('no_such_workspace', { workspace, known: namesOf([...rows.values()], only) });
  if (user === null || user === OWNER || [...rows.values()].some(({ owner }) => owner === user)) return;
  if (!(await ports.store.read('accounts', user)) && !(await inBooks((_, owner) => owner === user, null, ports)))
    throw new Failure('no_such_account', { account: user });
}

const namesOf = (rows: readonly Workspace[], only: (name: string, owner: string) => boolean): string =>
  rows.flatMap(({ id, owner }) => (only(id, owner) ? [id] : [])).join(', ') || 'none';

async function inBooks(
  fits: (workspace: string, owner: string) => boolean,
  workspace: string | null,
  ports: Ports,
): Promise<boolean> {
  const all = { from: 0, until: ports.clock.now() + DAY_MS, ...(workspace !== null && { workspace }) };
  for await (const account of ports.journals.sums(all)) if (fits(account.workspace, account.owner)) return true;
  return false;
}

interface Wanted {
  readonly from: number;
  readonly until: number;
  readonly workspace: string | null;
}

/** What the ledger adds up to, and what is not in it yet. */
export async function* accounts(
  { from, until, workspace }: Wanted,
  rows: ReadonlyMap<string, Workspace>,
  ports: Ports,
): AsyncGenerator<AccountSums> {
  const live = Map.groupBy(await notYetEntered(rows, ports), (charge) => keyOf(charge.workspace, charge.owner));
  const one = workspace === null ? {} : { workspace };
  for await (const account of ports.journals.sums({ from, until, ...one })) {
    const key = keyOf(account.workspace, account.owner);
    yield withLive(account, live.get(key) ?? [], from, until);
    live.delete(key);
  }
  for (const [key, charges] of live) {
    const [name = '', owner = ''] = key.split('\n');
    const account = withLive({ workspace: name, owner, days: [] }, charges, from, until);
    if ((workspace === null || name === workspace) && account.days.length > 0) yield account;
  }
}

const keyOf = (workspace: string, owner: string): string => `${workspace}\n${owner}`;

function withLive(account: AccountSums, charges: readonly Charge[], from: number, until: number): AccountSums {
  if (charges.length === 0) return account;
  const sums: Sums = new Map();
  for (const sum of account.days) addSums(sums, sum);
  for (const charge of charges) addCharge(sums, charge);
  const days = [...sums.values()].filter(({ day }) => day >= from && day < until);
  return { ...account, days: days.sort((a, b) => a.day - b.day) };
}

/** Of one that is gone, or had the name before, nobody knows when it began and ended: its entries only tell when it ran. */
function lifeOf({ owner, days }: AccountSums, row: Workspace | undefined): Life {
  if (row?.owner === owner) return { from: row.createdAt, until: null };
  return { from: Number.POSITIVE_INFINITY, until: (days.at(-1)?.day ?? 0) + DAY_MS };
}

/** Machines and races are not in the sums: their entries are read. */
async function byEntry(
  by: 'machine' | 'race',
  { period, workspace }: SavingsWanted,
  fits: (workspace: string, owner: string) => boolean,
  rows: ReadonlyMap<string, Workspace>,
  ports: Ports,
): Promise<ReadonlyMap<string, readonly DaySum[]>> {
  const sums = new Map<string, Sums>();
  const add = (charge: Charge): void => {
    const key = by === 'machine' ? charge.machine : charge.race;
    if (key === null || !fits(charge.workspace, charge.owner)) return;
    const mine = sums.get(key) ?? new Map<string, DaySum>();
    sums.set(key, mine);
    addCharge(mine, charge);
  };
  for await (const charge of ports.journals.charges({ since: period.from, workspace: workspace ?? undefined }))
    add(charge);
  for (const charge of await notYetEntered(rows, ports)) add(charge);
  const inside = ({ day }: DaySum): boolean => day >= period.from && day < period.until;
  return new Map(
    [...sums]
      .map(([key, some]) => [key, [...some.values()].filter(inside)] as const)
      .filter(([, some]) => some.length > 0),
  );
}

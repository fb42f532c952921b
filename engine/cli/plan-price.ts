import { digitsOf, dollars, microDollars } from '../domain/money.ts';
import type { WorkspaceJson } from '../http/json/instance.ts';
import type { PlansJson } from '../http/json/plan.ts';
import { wrong } from './read-args.ts';
import { restorePriceWords } from './restore-price.ts';
import { bytes, duration } from './words.ts';

type Chosen = Pick<WorkspaceJson['spec'], 'plan' | 'backup_every_ms'>;

interface Wanted {
  readonly workspace: string;
  readonly choice: Chosen;
  /** What it had before; null for a new one. */
  readonly before: Chosen | null;
  readonly costs: 'would cost' | 'costs';
}

/** What storage costs a month with a plan and an interval, as `dumont plans` has it. An interval that the plan has not got is refused. */
export function planPriceLines(
  { plans, prices, restore }: PlansJson,
  { workspace, choice, before, costs }: Wanted,
  command: { readonly name: string },
): readonly string[] {
  const monthOf = ({ plan: name, backup_every_ms: every }: Chosen): number => {
    const plan = plans.find((one) => one.name === name);
    const seconds = every === null ? plan?.frequency_seconds : every / 1_000;
    const price = plan?.prices.find((one) => one.frequency_seconds === seconds);
    if (price) return microDollars(price.total_dollars);
    const has = plan?.prices.map((one) => duration(one.frequency_seconds * 1_000)).join(', ');
    throw wrong(command, `: the plan ${name} backs up every ${has}, not every ${duration(every ?? 0)}`);
  };
  const months = [monthOf(choice), ...(before ? [monthOf(before)] : [])];
  const [month, instead] = months.map((micro) => dollars(micro, digitsOf(months)));
  const [one] = plans;
  const size = one && !before ? ` of ${bytes(one.day.stored_bytes)}` : ''; // a new one has nothing yet
  return [
    '',
    `Storage${size} ${costs} about ${month} a month${instead === undefined ? '' : ` instead of ${instead}`}` +
      `${prices.paid ? '' : ` at ${prices.of}, and here nothing`}; "dumont plans ${workspace}" says for what.`,
    `To bring all of it back once, ${restorePriceWords(restore)}.`,
  ];
}

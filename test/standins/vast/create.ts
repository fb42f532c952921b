import * as z from 'zod';
import { type Account, askId, freeMachines, nextBoot, type Rental } from './account.ts';
import { type Answer, type Asked, ok, Refusal } from './answer.ts';
import { creditLeft } from './bill.ts';

/** One of the published words, or several as its own client sends them (`ssh_direc ssh_proxy`, and really without the t). */
const RUNTYPE = /^((args|(ssh|jupyter)(_proxy|_direct?)?)( |$))+$/;

/** What is not said may be null as well, as vast's own client sends it; what is besides these is not looked at. */
const Body = z.object({
  image: z.string().max(1_024).nullish(),
  template_hash_id: z.string().nullish(),
  template_id: z.number().int().nullish(),
  label: z.string().max(256).nullish(),
  disk: z.number().min(8).nullish(),
  runtype: z.string().regex(RUNTYPE).nullish(),
  target_state: z.enum(['running', 'stopped']).nullish(),
  cancel_unavail: z.boolean().nullish(),
  /** The page says docker's flags in one text; clients send an object. */
  env: z.union([z.record(z.string(), z.string()), z.string()]).nullish(),
  onstart: z.string().nullish(),
  args: z.array(z.string()).nullish(),
  args_str: z.string().nullish(),
  price: z.number().min(0.001).max(128).nullish(),
});
type Body = z.infer<typeof Body>;

const DISK_GB = 10;
const START_MAX = 4_096;
const ENV_MAX = 32_768;

function whyBad({ image, template_hash_id, template_id, env, onstart, args, args_str }: Body): string | null {
  if (!image && !template_hash_id && template_id == null) return 'image: give one, or a template';
  const start = (onstart ?? '').length + (args ?? []).join('').length + (args_str ?? '').length;
  if (start > START_MAX) return `onstart, args and args_str: ${START_MAX} letters at most`;
  return JSON.stringify(env ?? {}).length > ENV_MAX ? `env: ${ENV_MAX} letters at most` : null;
}

/** `-e A=b -p 8080:8080` as the object that says the same. */
function envOf(env: Body['env']): Readonly<Record<string, string>> {
  if (typeof env !== 'string') return env ?? {};
  const flags = [...env.matchAll(/-(e|p)\s+(\S+)/g)];
  return Object.fromEntries(
    flags.map(([, flag, word = '']) => {
      const [name = '', ...value] = word.split('=');
      return flag === 'p' ? [`-p ${word}`, '1'] : [name, value.join('=')];
    }),
  );
}

/** `PUT /asks/{id}/`: rents a machine, or says in one of many ways that it does not, or does not say what it did. */
export function create(account: Account, { body }: Asked, ask: number): Answer {
  const read = Body.safeParse(body);
  const why = read.success
    ? whyBad(read.data)
    : read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  if (!read.success || why !== null) throw new Refusal(400, 'invalid_args', `error 400/3467: Invalid args: ${why}`);
  if (account.springs('no-credit') || creditLeft(account) <= 0)
    throw new Refusal(400, 'insufficient_credit', 'Your account lacks credit; see the billing page.');
  if (account.springs('spend-limit'))
    throw new Refusal(400, 'invalid_args', 'Spend rate limit of this account reached; verify your email to raise it.');
  if (account.springs('create-502-nothing')) throw new Refusal(502, 'bad_gateway', '<html>502 Bad Gateway</html>');
  const physical = freeMachines(account).find((one) => askId(account, one) === ask);
  if (physical && (account.springs('ask-taken') || account.springs('ask-unknown'))) pass(account, physical.machine_id);
  if (!physical || askId(account, physical) !== ask) {
    if (account.springs('ask-unknown') || !physical)
      throw new Refusal(
        404,
        'invalid_args',
        `error 404/3603: no_such_ask Instance type by id ${ask} is not available.`,
      );
    throw new Refusal(410, 'no_such_ask', `error 410/3907: no_such_ask ${ask} is no longer available.`);
  }
  const { label, image, disk, onstart, target_state, price } = read.data;
  const { termMs = physical.duration * 1_000 } = account.options;
  const boot = nextBoot(account, physical);
  const id = 30_000_000 + account.rentals.length;
  const low = account.springs('create-error-made') || (price != null && price < physical.min_bid);
  const still = low || target_state === 'stopped';
  const rental: Rental = {
    id,
    physical,
    terms: [{ from: account.now(), until: account.now() + termMs, price: price ?? physical.dph_base }],
    raise: null,
    bid: price != null,
    image: image ?? 'of a template',
    disk: disk ?? DISK_GB,
    env: envOf(read.data.env),
    onstart: onstart ?? '',
    key: `instance-key-${id}-${'k'.repeat(20)}`,
    boot,
    createdAt: account.now(),
    lagMs: account.springs('list-lag') ? 1_000 + 4_000 * account.chance() : 0,
    sshKeys: account.sshKeys.map(({ public_key }) => public_key),
    label: label ?? null,
    spans: still ? [] : [{ from: account.now(), until: null, first: true, waits: false }],
    intended: still ? 'stopped' : 'running',
    endedAt: null,
  };
  pass(account, physical.machine_id);
  account.rentals.push(rental);
  account.onRent(rental);
  if (low) throw new Refusal(400, 'invalid_price', 'error 400: bid is below the market.', { new_contract: id });
  account.options.computers?.begin(rental).catch(() => undefined); // then it never runs
  if (account.springs('create-502')) throw new Refusal(502, 'bad_gateway', '<html>502 Bad Gateway</html>');
  const made = ok({ success: true, new_contract: id, instance_api_key: rental.key });
  return account.springs('create-lost') ? { ...made, lost: true } : made;
}

/** The hardware goes on under another id. */
function pass(account: Account, machine: number): void {
  account.turns.set(machine, (account.turns.get(machine) ?? 0) + 1);
}

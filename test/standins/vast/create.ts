import * as z from 'zod';
import { type Account, askId, freeMachines, nextBoot, type Rental } from './account.ts';
import { type Answer, type Asked, ok, Refusal } from './answer.ts';
import { creditLeft } from './bill.ts';

const Body = z.strictObject({
  client_id: z.literal('me').optional(),
  image: z.string().max(1_024),
  label: z.string().max(256).optional(),
  disk: z.number().min(8),
  runtype: z.enum(['ssh', 'jupyter', 'args', 'ssh_proxy', 'ssh_direct', 'jupyter_proxy', 'jupyter_direct']).optional(),
  target_state: z.enum(['running', 'stopped']).optional(),
  cancel_unavail: z.boolean().optional(),
  env: z.record(z.string(), z.string()).optional(),
  onstart: z.string().max(4_096).optional(),
  price: z.number().min(0.001).max(128).optional(),
});

/** `PUT /asks/{id}/`: rents a machine, or says in one of many ways that it does not, or does not say what it did. */
export function create(account: Account, { body }: Asked, ask: number): Answer {
  const read = Body.safeParse(body);
  if (!read.success) {
    const why = read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
    throw new Refusal(400, 'invalid_args', `error 400/3467: Invalid args: ${why}`);
  }
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
  const { label = null, image, disk, env = {}, onstart = '', price } = read.data;
  const { termMs = physical.duration * 1_000 } = account.options;
  const boot = nextBoot(account, physical);
  const id = 30_000_000 + account.rentals.length;
  const low = account.springs('create-error-made') || (price !== undefined && price < physical.min_bid);
  const rental: Rental = {
    id,
    physical,
    terms: [{ from: account.now(), until: account.now() + termMs, price: price ?? physical.dph_base }],
    raise: null,
    bid: price !== undefined,
    image,
    disk,
    env,
    onstart,
    key: `instance-key-${id}-${'k'.repeat(20)}`,
    boot,
    createdAt: account.now(),
    lagMs: account.springs('list-lag') ? 1_000 + 4_000 * account.chance() : 0,
    sshKeys: account.sshKeys.map(({ public_key }) => public_key),
    label,
    spans: low ? [] : [{ from: account.now(), until: null, first: true, waits: false }],
    intended: low ? 'stopped' : 'running',
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

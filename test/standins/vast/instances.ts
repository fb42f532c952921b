import { type Account, isLive, type Rental, stop } from './account.ts';
import { type Answer, type Asked, ok, Refusal } from './answer.ts';
import { creditLeft, runningFrom } from './bill.ts';
import { priceOf } from './contract.ts';
import { addressOf, fits, HOURS_A_MONTH, rowOf } from './offers.ts';

type Row = Readonly<Record<string, unknown>>;

const PAGE_MAX = 25;

/** `GET /api/v1/instances/`: a page of what the account has, as it was a moment ago. */
export function list(account: Account, { query }: Asked): Answer {
  if (account.springs('list-502')) throw new Refusal(502, 'bad_gateway', '<html>502 Bad Gateway</html>');
  for (const rental of account.rentals) outbid(account, rental);
  const given = Number(query.get('limit') ?? PAGE_MAX);
  const limit = given <= 0 ? 5 : Math.min(PAGE_MAX, given);
  const filters = JSON.parse(query.get('select_filters') ?? '{}') as Row;
  const rows = account.rentals
    .filter((rental) => isShown(account, rental))
    .map((rental) => instanceRow(account, rental));
  const fitting = rows.filter((row) => Object.entries(filters).every(([field, wish]) => fits(row, field, wish)));
  const token = query.get('after_token');
  const after = token === null ? 0 : Number(Buffer.from(token, 'base64').toString());
  if (!Number.isInteger(after)) throw new Refusal(400, 'invalid_token', 'error 400: bad after_token');
  const rest = fitting.filter(({ id }) => Number(id) > after);
  const page = rest.slice(0, limit);
  const last = page.at(-1)?.id;
  const labels = Map.groupBy(fitting, ({ label }) => String(label ?? ''));
  return ok({
    success: true,
    instances_found: fitting.length,
    total_instances: fitting.length,
    label_counts: Object.fromEntries([...labels].map(([label, all]) => [label, all.length])),
    next_token: rest.length > limit ? Buffer.from(String(last)).toString('base64') : null,
    instances: account.springs('list-short') ? page.slice(1) : page,
  });
}

/** `GET /api/v0/instances/{id}/` */
export function show(account: Account, id: number): Answer {
  const rental = account.rentals.find((one) => one.id === id && isShown(account, one));
  return ok({ instances: rental ? instanceRow(account, rental) : null });
}

/** Who bid for an interruptible machine has it until somebody bids more. */
function outbid(account: Account, rental: Rental): void {
  if (!rental.bid || !isLive(rental) || rental.intended !== 'running' || !account.springs('outbid')) return;
  stop(account, rental);
  rental.intended = 'stopped';
}

function isShown(account: Account, { createdAt, endedAt, lagMs }: Rental): boolean {
  const at = account.now();
  return at >= createdAt + lagMs && (endedAt === null || at < endedAt + lagMs);
}

export function liveRental(account: Account, id: number): Rental {
  const rental = account.rentals.find((one) => one.id === id && isLive(one));
  if (!rental) throw new Refusal(404, 'no_such_instance', `error 404: no_such_instance ${id}`);
  return rental;
}

export function instanceRow(account: Account, rental: Rental): Row {
  const { physical, boot } = rental;
  const price = priceOf(rental);
  const { actual, words } = statusOf(account, rental);
  const runs = actual === 'running' && boot.fate !== 'no-ports';
  const at = runs ? reachedAt(account, rental) : null;
  const starting = runs && at === null;
  return {
    ...rowOf(account, physical, rental.disk, rental.bid),
    id: rental.id,
    label: rental.label,
    actual_status: starting ? 'loading' : actual,
    intended_status: rental.intended,
    cur_state: rental.intended,
    next_state: rental.intended,
    status_msg: words && `${words}\n\n`,
    image_uuid: rental.image,
    image_runtype: 'ssh ssh_direc ssh_proxy',
    extra_env: Object.entries(rental.env),
    onstart: rental.onstart,
    ssh_host: 'ssh7.vast.ai',
    ssh_port: 10_000 + (rental.id % 50_000),
    ssh_idx: '7',
    public_ipaddr: `${at?.host ?? addressOf(physical)}\n`,
    ports: at
      ? {
          '22/tcp': [
            { HostIp: '0.0.0.0', HostPort: String(at.port) },
            { HostIp: '::', HostPort: String(at.port) },
          ],
        }
      : null,
    start_date: rental.createdAt / 1_000,
    gpu_util: null,
    gpu_temp: null,
    uptime_mins: null,
    dph_base: price,
    dph_total: price + (rental.disk * physical.storage_cost) / HOURS_A_MONTH,
    end_date: (rental.terms.at(-1)?.until ?? 0) / 1_000,
    credit_balance: null,
  };
}

function reachedAt(account: Account, rental: Rental): { host: string; port: number } | null {
  const { computers } = account.options;
  if (computers) return computers.address(rental);
  return { host: addressOf(rental.physical), port: 20_000 + (rental.id % 40_000) };
}

export function statusOf(account: Account, rental: Rental): { actual: string | null; words: string | null } {
  const now = account.now();
  const span = rental.spans.at(-1);
  if (creditLeft(account) <= 0) return { actual: 'exited', words: 'credit exhausted' };
  if (!span || span.until !== null) return { actual: 'exited', words: null };
  const { fate, loadingMs } = rental.boot;
  const age = now - span.from;
  const half = Math.min(loadingMs, 120_000) / 2;
  if (span.waits) return { actual: 'created', words: 'scheduling' };
  if (age < Math.min(2_000, half)) return { actual: null, words: null };
  if (fate === 'oci' && age >= half)
    return {
      actual: 'created',
      words: 'Error response from daemon: failed to create task: OCI runtime create failed: nvidia-container-cli',
    };
  if (fate === 'exits' && age >= half) return { actual: 'exited', words: 'container exited with 137' };
  if (fate === 'offline' && age >= half) return { actual: 'offline', words: null };
  if (now >= runningFrom(rental, span)) return { actual: 'running', words: 'success, running image' };
  const layers = Math.floor((age / Math.min(loadingMs, 600_000)) * 12);
  return {
    actual: 'loading',
    words: fate === 'stuck' && layers > 4 ? 'Pulling from library: layer 4' : `Pulling from library: layer ${layers}`,
  };
}

import { type Account, isLive, type Rental, stop } from './account.ts';
import { type Answer, type Asked, ok, Refusal } from './answer.ts';
import { liveRental } from './instances.ts';

/** `PUT /instances/{id}/`: another label, or stopped or started. */
export function change(account: Account, { body }: Asked, id: number): Answer {
  const rental = liveRental(account, id);
  if (typeof body.label === 'string') {
    if (body.label.length > 1_024) throw new Refusal(400, 'label_too_long', 'error 400: label_too_long');
    rental.label = body.label;
    return ok({ success: true });
  }
  return setState(account, rental, body.state);
}

function setState(account: Account, rental: Rental, state: unknown): Answer {
  if (state !== 'stopped' && state !== 'running')
    throw new Refusal(400, 'invalid_args', 'error 400: give state or label');
  if (state === rental.intended) return ok({ success: true });
  rental.intended = state;
  if (state === 'running') return start(account, rental);
  stop(account, rental);
  return ok({ success: true });
}

/** `PUT /instances/` and `POST /instances/start`: many at once. */
export function changeMany(account: Account, ids: unknown, state: unknown): Answer {
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > MANY_MAX || !ids.every(Number.isInteger))
    throw new Refusal(400, 'invalid_args', `error 400: give 1 to ${MANY_MAX} ids`);
  if (account.springs('bulk-missing')) throw new Refusal(404, 'not_found', 'error 404: no such route');
  for (const id of ids as number[])
    if (account.rentals.some((one) => one.id === id && isLive(one))) setState(account, liveRental(account, id), state);
  return ok({ success: true });
}

const MANY_MAX = 100;

/** `PUT /instances/reboot/{id}/` and `/recycle/{id}/`; the second one pulls the image anew. */
export function reboot(account: Account, id: number, anew: boolean): Answer {
  const rental = liveRental(account, id);
  if (rental.intended !== 'running') throw new Refusal(400, 'invalid_args', 'error 400: the instance is not running');
  stop(account, rental);
  rental.spans.push({ from: account.now(), until: null, first: anew, waits: false });
  return ok({ success: true });
}

/** `PUT /instances/bid_price/{id}/` */
export function changeBid(account: Account, { body }: Asked, id: number): Answer {
  const rental = liveRental(account, id);
  const { price } = body;
  const term = rental.terms.at(-1);
  if (!rental.bid || !term) throw new Refusal(400, 'invalid_args', 'error 400: the instance is not interruptible');
  if (typeof price !== 'number' || price < 0.001 || price > 128)
    throw new Refusal(400, 'invalid_price', 'error 400: price must be from 0.001 to 128');
  const now = account.now();
  rental.terms.splice(-1, 1, { ...term, until: now }, { from: now, until: term.until, price });
  return ok({ success: true });
}

function start(account: Account, rental: Rental): Answer {
  const waits = account.springs('gpu-taken');
  rental.spans.push({ from: account.now(), until: null, first: rental.spans.length === 0, waits });
  const msg = waits ? 'Required resources are currently unavailable, state change queued.' : undefined;
  return ok({ success: true, ...(msg ? { msg } : {}) });
}

/** `DELETE /instances/{id}/` */
export function destroy(account: Account, id: number): Answer {
  if (account.springs('destroy-429')) throw new Refusal(429, 'rate_limit_exceeded', 'endpoint threshold=3.0');
  if (account.springs('destroy-502')) throw new Refusal(502, 'bad_gateway', '<html>502 Bad Gateway</html>');
  const rental = liveRental(account, id);
  if (account.springs('destroy-404')) throw new Refusal(404, 'no_such_instance', `error 404: no_such_instance ${id}`);
  if (!account.springs('destroy-lies')) end(account, rental);
  return { ...ok({ success: true, msg: `destroying instance ${id}.` }), lost: account.springs('destroy-lost') };
}

/** `DELETE /instances/`: many at once. In vast's own client; what it answers is written nowhere. */
export function destroyMany(account: Account, { body }: Asked): Answer {
  if (account.springs('bulk-missing')) throw new Refusal(404, 'not_found', 'error 404: no such route');
  if (account.springs('destroy-502')) throw new Refusal(502, 'bad_gateway', '<html>502 Bad Gateway</html>');
  const ids = Array.isArray(body.instance_ids) ? body.instance_ids.map(Number) : [];
  if (ids.length === 0 || ids.some((id) => !Number.isInteger(id)))
    throw new Refusal(400, 'invalid_args', 'error 400: instance_ids');
  const half = account.springs('bulk-half');
  for (const [i, id] of ids.entries()) {
    const rental = account.rentals.find((one) => one.id === id && isLive(one));
    if (rental && !(half && i % 2 === 1)) end(account, rental);
  }
  return { ...ok({ success: true }), lost: account.springs('destroy-lost') };
}

export function end(account: Account, rental: Rental): void {
  stop(account, rental);
  rental.endedAt = account.now();
  account.options.computers?.end(rental).catch(() => undefined);
}

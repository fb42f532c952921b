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
  if (body.state !== 'stopped' && body.state !== 'running')
    throw new Refusal(400, 'invalid_args', 'error 400: give state or label');
  if (body.state === rental.intended) return ok({ success: true });
  rental.intended = body.state;
  if (body.state === 'stopped') stop(account, rental);
  else return start(account, rental);
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

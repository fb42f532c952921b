import type { Account } from './account.ts';
import { type Answer, type Asked, ok, Refusal } from './answer.ts';
import { liveRental } from './instances.ts';

/** `/ssh/` and `/ssh/{id}/`: keys of the account; new machines get all of them, and so do those that run. */
export function accountKeys(account: Account, { method, body }: Asked, id: number | null): Answer {
  if (method === 'GET') return ok(account.sshKeys.map((key) => shown(account, key)));
  if (method === 'DELETE') {
    const at = account.sshKeys.findIndex((key) => key.id === id);
    if (at < 0) throw new Refusal(404, 'not_found', 'error 404: no such key');
    account.sshKeys.splice(at, 1);
    return ok({ success: true });
  }
  const public_key = keyIn(body);
  const key = { id: 500 + account.sshKeys.length, public_key };
  account.sshKeys.push(key);
  for (const rental of account.rentals) if (rental.endedAt === null) rental.sshKeys.push(public_key);
  return ok({ success: true, key: shown(account, key) });
}

/** `/instances/{id}/ssh/` and `/instances/{id}/ssh/{key}/` */
export function machineKeys(account: Account, { method, body }: Asked, id: number, key: number | null): Answer {
  const { sshKeys } = liveRental(account, id);
  const keys = sshKeys.map((public_key, i) => ({ id: i + 1, public_key }));
  if (method === 'GET') return ok({ success: true, ssh_keys: keys });
  if (method === 'DELETE') {
    if (key === null || key < 1 || key > sshKeys.length) throw new Refusal(404, 'not_found', 'error 404: no such key');
    sshKeys.splice(key - 1, 1);
    return ok({ success: true });
  }
  sshKeys.push(keyIn(body));
  return ok({ success: true, msg: 'SSH key added to instance.' });
}

function keyIn({ ssh_key }: Asked['body']): string {
  if (typeof ssh_key !== 'string' || !/^(ssh|ecdsa|sk)-/.test(ssh_key))
    throw new Refusal(400, 'invalid_args', 'error 400: Invalid SSH key');
  return ssh_key;
}

const shown = ({ now }: Account, { id, public_key }: Account['sshKeys'][number]) => ({
  id,
  user_id: 7,
  key: public_key,
  public_key,
  created_at: now() / 1_000,
  deleted_at: null,
});

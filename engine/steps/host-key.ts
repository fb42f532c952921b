import { Failure } from '../domain/failures.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Address } from '../domain/marketplace.ts';
import type { Ports } from '../domain/ports.ts';
import { marketplaceOf } from './step.ts';

/** At first contact, and after a start of our own: the key that answers must be one the machine printed, where its marketplace shows that. */
export async function compareWithBootLog(
  machine: Machine,
  address: Address,
  met: string,
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  const log = await marketplaceOf(machine, ports).bootLog(machine.instance ?? '', signal);
  const printed = [...log.matchAll(/SHA256:[A-Za-z0-9+/]{43}/g)].map(([fingerprint]) => fingerprint);
  if (printed.length === 0 || printed.includes(met)) return;
  throw new Failure('host_key_changed', {
    address: `${address.host}:${address.port}`,
    met,
    pinned: printed.join(' or '),
  });
}

import type { Listed } from '../../domain/marketplace.ts';
import { currentRate } from './account.ts';
import type { Rental } from './ledger.ts';
import { machineState } from './machine-process.ts';
import type { Market } from './market.ts';

/** A rental as the marketplace shows it; in a list that lags, even after it ended. */
export function listed(market: Market, rental: Rental): Listed {
  if (rental.until !== null)
    return { ...common(rental), status: 'running', statusMessage: 'being destroyed', address: null };
  const state = rental.stopped ? null : machineState(market.filesOf(rental.instance));
  const port = state?.phase === 'running' ? state.port : null;
  return {
    ...common(rental),
    status: rental.stopped ? 'stopped' : (state?.phase ?? 'loading'),
    statusMessage: rental.stopped ? 'stopped' : (state?.message ?? 'being created'),
    address: port === null ? null : { host: '127.0.0.1', port },
  };
}

function common(rental: Rental): Omit<Listed, 'status' | 'statusMessage' | 'address'> {
  return {
    instance: rental.instance,
    label: rental.label,
    machine: rental.physical,
    dollarsPerHour: currentRate(rental),
    startedAt: rental.from,
  };
}

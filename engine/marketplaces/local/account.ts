import { Failure } from '../../domain/failures.ts';
import type { Billed, Need, Offer, Order } from '../../domain/marketplace.ts';
import { costOf, type MicroDollars } from '../../domain/money.ts';
import { DISK_DOLLARS_PER_GB_HOUR, type Physical } from './catalogue.ts';
import { chanceOf } from './chance.ts';
import type { Ledger, Rental } from './ledger.ts';
import { isMisbehaviour, type Misbehaviour } from './misbehaviours.ts';
import { fits, offersOf } from './offers.ts';

/** What can be rented now. */
export function onOffer(ledger: Ledger, machines: readonly Physical[], need: Need): readonly Offer[] {
  const busy = new Set(ledger.rentals.filter(isLive).map((rental) => rental.physical));
  return machines
    .filter((machine) => !busy.has(machine.id))
    .flatMap((machine) => offersOf(machine, ledger.taken[machine.id] ?? 0))
    .filter((offer) => fits(offer, need));
}

/** Books a rental. The machine goes off the market; when it comes back, it is under another offer. */
export function book(ledger: Ledger, machines: readonly Physical[], offer: Offer, order: Order, now: number): Rental {
  const found = onOffer(ledger, machines, { spot: true }).find((candidate) => candidate.id === offer.id);
  if (!found) throw new Failure('offer_taken', { offer: offer.id });
  if (order.diskGb > found.diskGb) {
    throw new Failure('marketplace_refused', {
      marketplace: 'local',
      why: `the machine has only ${found.diskGb} GB of disk`,
    });
  }
  const rental: Rental = {
    instance: String(ledger.next++),
    label: order.label,
    offer: found.id,
    physical: found.machine,
    diskGb: order.diskGb,
    from: now,
    until: null,
    stopped: false,
    rates: [{ from: now, dollarsPerHour: found.dollarsPerHour }],
    gpu: { utilizationPercent: 0, memoryUsedMb: 0 },
  };
  passOn(ledger, found.machine);
  ledger.rentals.push(rental);
  return rental;
}

/** The offers of this machine are void; its next ones have other names. */
export function passOn(ledger: Ledger, physical: string): void {
  ledger.taken[physical] = (ledger.taken[physical] ?? 0) + 1;
}

export function isLive(rental: Rental): boolean {
  return rental.until === null;
}

/** From now on only its disk is paid for, or all of it again. */
export function rate(rental: Rental, stopped: boolean, now: number): void {
  const full = rental.rates[0]?.dollarsPerHour ?? 0;
  rental.stopped = stopped;
  rental.rates.push({ from: now, dollarsPerHour: stopped ? rental.diskGb * DISK_DOLLARS_PER_GB_HOUR : full });
}

/** The rental is over; whoever was told how to misbehave by its name is no more. */
export function close(ledger: Ledger, instance: string, at: number): void {
  const rental = ledger.rentals.find((candidate) => candidate.instance === instance);
  if (rental) rental.until ??= at;
  ledger.rules = ledger.rules.filter(({ on }) => on !== instance);
}

export function currentRate(rental: Rental): number {
  return rental.rates.at(-1)?.dollarsPerHour ?? 0;
}

export function costSoFar(rental: Rental, now: number): MicroDollars {
  return linesOf(rental, now).reduce((sum, { micro }) => sum + micro, 0);
}

/** The bill of a rental: a line for each time that it ran, and one for each that only its disk was kept. */
export function linesOf(rental: Rental, now: number): readonly Billed[] {
  const end = rental.until ?? now;
  const full = rental.rates[0]?.dollarsPerHour;
  return rental.rates.map(({ from, dollarsPerHour }, index) => {
    const until = rental.rates[index + 1]?.from ?? end;
    return {
      id: `${rental.instance}/${index}`,
      instance: rental.instance,
      for: dollarsPerHour === full ? 'gpu' : 'disk',
      micro: costOf(dollarsPerHour, until - from),
      from,
      until,
    };
  });
}

/** How somebody misbehaves who goes by these names. A rule with a probability holds for the same rentals every time. */
export function modesOf(ledger: Ledger, offer: string, ...names: string[]): readonly Misbehaviour[] {
  const all = new Set(['market', offer, ...names]);
  return ledger.rules
    .filter(({ on, mode, probability }) => {
      return all.has(on) && (probability >= 1 || chanceOf(`${ledger.seed}/${mode}/${offer}`).next() < probability);
    })
    .map(({ mode }) => mode)
    .filter(isMisbehaviour);
}

import { isIn, type Need, type Offer } from '../../domain/marketplace.ts';
import type { Physical } from './catalogue.ts';

/** What a free machine is offered as. `rentals` counts how often it was taken before: an offer is good for one rental. */
export function offersOf(physical: Physical, rentals: number): readonly Offer[] {
  const id = `${physical.id}.${rentals + 1}`;
  const offers: Offer[] = [{ ...physical.offer, id, spot: false }];
  if (physical.spotDollarsPerHour !== null) {
    offers.push({ ...physical.offer, id: `${id}s`, dollarsPerHour: physical.spotDollarsPerHour, spot: true });
  }
  return offers;
}

export function fits(offer: Offer, need: Need): boolean {
  return (
    need.kind !== 'cpu' &&
    (need.gpu === undefined || plain(offer.gpu) === plain(need.gpu)) &&
    atLeast(offer.gpuCount, need.gpuCountMin) &&
    atLeast(offer.vramGb, need.vramGbMin) &&
    (need.dollarsPerHourMax === undefined || offer.dollarsPerHour <= need.dollarsPerHourMax) &&
    isIn(offer.region, need.regions) &&
    atLeast(offer.reliability, need.reliabilityMin) &&
    atLeast(offer.downMbps ?? 0, need.downMbpsMin) &&
    atLeast(offer.diskGb, need.diskGbMin) &&
    atLeast(offer.cuda ?? 0, need.cudaMin) &&
    (need.verified === undefined || offer.verified === need.verified) &&
    (need.spot === true || !offer.spot)
  );
}

function atLeast(value: number, min: number | undefined): boolean {
  return min === undefined || value >= min;
}

/** People write RTX_4090, rtx 4090 and RTX4090 and mean the same card. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

import { perHour } from '../domain/money.ts';
import type { RankedOfferJson } from '../http/json/offer.ts';
import type { Screen } from './screen.ts';
import { table } from './table.ts';
import { count } from './words.ts';

export function offerTable(offers: readonly RankedOfferJson[], { width, paint }: Screen): string[] {
  return table(
    [
      { title: '#', of: (it) => String(offers.indexOf(it) + 1), align: 'right', style: () => 'dim' },
      {
        title: 'GPU',
        of: ({ offer }) => (offer.gpu_count > 1 ? `${offer.gpu_count}× ${offer.gpu}` : offer.gpu),
        min: 8,
      },
      { title: 'VRAM', of: ({ offer }) => `${count(offer.vram_gb)} GB`, align: 'right', drop: 3 },
      { title: 'PRICE', of: ({ offer }) => perHour(offer.dollars_per_hour), align: 'right' },
      { title: 'AT', of: ({ offer }) => offer.marketplace, min: 4 },
      { title: 'HOST', of: ({ offer }) => offer.host, min: 8 },
      { title: 'REGION', of: ({ offer }) => offer.region, min: 7, drop: 1 },
      { title: 'DOWN', of: ({ offer }) => speed(offer.down_mbps), align: 'right', drop: 4 },
      { title: 'RELIABLE', of: ({ offer }) => `${(100 * offer.reliability).toFixed(1)} %`, align: 'right', drop: 5 },
      { title: 'DISK', of: ({ offer }) => `${count(offer.disk_gb)} GB`, align: 'right', drop: 6 },
      { title: 'WHY', of: (it) => it.why, min: 16, drop: 2, style: () => 'dim' },
    ],
    offers,
    { width: width - 2, paint },
  );
}

const speed = (mbps: number | null): string => (mbps === null ? 'not said' : `${count(mbps)} Mbit/s`);

import type { RankedOffer } from '../../engine/domain/doors.ts';
import type { Need, Offer } from '../../engine/domain/marketplace.ts';

/** A dozen machines as a marketplace would list them: names of every length, prices of every size. */
const OFFERS: readonly Offer[] = [
  offer('o-1', 'ace-7', 'ace', 'us-east', 'RTX 4090', 0.412, 24),
  offer('o-2', 'bravo-1', 'bravo', 'eu-west', 'RTX 4090', 0.389, 24),
  offer('o-3', 'basement-rig-12', 'a-very-long-hostname-of-a-hobbyist', 'ap-southeast', 'RTX 3090', 0.187, 24),
  offer('o-4', 'delta-3', 'delta', 'eu-north', 'A100 SXM4', 1.29, 80),
  offer('o-5', 'echo-2', 'echo', 'us-west', 'RTX 4090', 0.455, 24),
  offer('o-6', 'foxtrot-9', 'foxtrot', 'São Paulo', 'RTX 4090', 0.52, 24),
  offer('o-7', 'golf-4', 'golf', 'us-central', 'RTX 4090', 0.43, 24),
  offer('o-8', 'hotel-6', 'hotel', 'ca-east', 'H100 PCIe', 2.35, 80),
  offer('o-9', 'india-2', 'india', 'in-west', 'RTX 4090', 0.36, 24),
  offer('o-10', 'juliet-5', 'juliet', 'eu-west', 'RTX 4090', 0.47, 24),
];

function fits(each: Offer, need: Need): boolean {
  return (
    (need.gpu === undefined || each.gpu.toLowerCase().includes(need.gpu.toLowerCase())) &&
    each.vramGb >= (need.vramGbMin ?? 0) &&
    each.dollarsPerHour <= (need.dollarsPerHourMax ?? Number.POSITIVE_INFINITY) &&
    (need.regions === undefined || need.regions.includes(each.region))
  );
}

export function ranked(need: Need): readonly RankedOffer[] {
  return OFFERS.filter((each) => fits(each, need))
    .toSorted((a, b) => a.dollarsPerHour - b.dollarsPerHour)
    .map((each, index) => ({
      offer: each,
      rank: index + 1,
      why: `$${each.dollarsPerHour}/h; started in 24 s last time`,
    }));
}

function offer(
  id: string,
  machine: string,
  host: string,
  region: string,
  gpu: string,
  dollarsPerHour: number,
  vramGb: number,
): Offer {
  return {
    id,
    marketplace: 'local',
    machine,
    host,
    region,
    gpu,
    gpuCount: 1,
    vramGb,
    cpuCount: 16,
    memoryGb: 64,
    diskGb: 200,
    dollarsPerHour,
    dollarsPerGbDown: 0.002,
    dollarsPerGbUp: 0.002,
    reliability: 0.987,
    downMbps: 940,
    upMbps: 310,
    cuda: 12.8,
    verified: true,
    spot: false,
  };
}

import type { Need } from '../engine/domain/marketplace.ts';
import { type Given, number, text } from './command.ts';

/** What machine is wanted: the same words wherever one is. */
export const NEED = {
  gpu: text({ en: 'GPU, such as "RTX 4090"', pt: 'GPU, como "RTX 4090"' }, { suggests: 'gpu', max: 100 }),
  max_price: number(
    { en: 'At most so many dollars per hour', pt: 'No máximo tantos dólares por hora' },
    { min: 0.01, max: 1000 },
  ),
  region: text({ en: 'Only in this region', pt: 'Só nesta região' }, { max: 100 }),
  vram: number(
    { en: 'At least so many GB of GPU memory', pt: 'Pelo menos tantos GB de memória de GPU' },
    { min: 1, max: 10_000 },
  ),
};

export function needOf({ gpu, max_price: price, region, vram }: Given<typeof NEED>): Need {
  return {
    ...(gpu !== undefined && { gpu }),
    ...(price !== undefined && { dollarsPerHourMax: price }),
    ...(region !== undefined && { regions: [region] }),
    ...(vram !== undefined && { vramGbMin: vram }),
  };
}

import type { NeedJson } from '../http/json/offer.ts';
import { flag, number, text, texts, type Values } from './command.ts';

/** Which machine: the same words wherever one is chosen. */
export const NEED = {
  gpu: text('MODEL', 'Only this GPU model, "RTX 4090"'),
  gpus: number('COUNT', 'At least so many GPUs'),
  vram: number('GB', 'At least so much GPU memory'),
  'max-price': number('DOLLARS', 'At most so much an hour'),
  region: texts('NAME', 'Only in this region'),
  reliability: number('0..1', "At least this reliable, in the marketplace's own words"),
  down: number('MBPS', 'At least this download speed'),
  disk: number('GB', 'At least so much disk'),
  cuda: number('VERSION', 'At least this CUDA version'),
  verified: flag('Only machines that the marketplace verified'),
  spot: flag('Interruptible machines too'),
};

/** Undefined when nothing was said. */
export function needOf(options: Values<typeof NEED>): NeedJson | undefined {
  const need = {
    gpu: options.gpu,
    gpu_count_min: options.gpus,
    vram_gb_min: options.vram,
    dollars_per_hour_max: options['max-price'],
    regions: options.region && [...options.region],
    reliability_min: options.reliability,
    down_mbps_min: options.down,
    disk_gb_min: options.disk,
    cuda_min: options.cuda,
    verified: options.verified || undefined,
    spot: options.spot || undefined,
  };
  return Object.values(need).some((each) => each !== undefined) ? need : undefined;
}

import type { Physical } from './catalogue.ts';
import { chanceOf } from './chance.ts';

const SECOND = 1_000;

export interface BootTimes {
  /** Until the marketplace calls it running. */
  readonly loadingMs: number;
  /** From then until its SSH server answers. */
  readonly sshMs: number;
}

/**
 * How long one rental of a machine takes to start: from 10 s to well over 3 min. Its owner's care and the machine itself
 * set the middle, so that some hosts are fast every time; each start then varies, and now and then one takes far longer.
 */
export function bootTimes(seed: string, physical: Physical, offer: string): BootTimes {
  const machine = chanceOf(`${seed}/boot/${physical.id}`);
  const rental = chanceOf(`${seed}/boot/${offer}`);
  const neglect = 1 - physical.quality;
  const middle = (14 + 45 * neglect) * Math.exp(0.25 * machine.normal());
  const tail = rental.next() < 0.05 + 0.15 * neglect ? rental.between(3, 8) : 1;
  const seconds = Math.min(LONGEST_S, Math.max(SHORTEST_S, middle * Math.exp(0.4 * rental.normal()) * tail));
  // Mostly within the 10 s that a login may take, and now and then not.
  const ssh = Math.min(seconds / 2, SSH_S * Math.exp(0.6 * rental.normal()) * (0.7 + neglect));
  return { loadingMs: (seconds - ssh) * SECOND, sshMs: ssh * SECOND };
}

const SSH_S = 2.5;
const SHORTEST_S = 10;
const LONGEST_S = 15 * 60;

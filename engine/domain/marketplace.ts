import type { MicroDollars } from './money.ts';

/** What a marketplace sells, in our words. Every adapter translates into these. */

export interface Offer {
  /** Names it for one rental; most marketplaces use it once. */
  readonly id: string;
  readonly marketplace: string;
  /** The physical machine. Racers must differ in it. */
  readonly machine: string;
  /** Its owner. Racers are spread over owners and regions. */
  readonly host: string;
  readonly region: string;
  readonly gpu: string;
  readonly gpuCount: number;
  readonly vramGb: number;
  /** Null, here and below: it does not say. */
  readonly cpuCount: number | null;
  readonly memoryGb: number | null;
  readonly diskGb: number;
  readonly dollarsPerHour: number;
  readonly dollarsPerGbDown: number;
  readonly dollarsPerGbUp: number;
  /** For each GB of its disk while it is stopped, a month. Missing where nobody says: then it counts as if it ran. */
  readonly stoppedDollarsPerGbMonth?: number | undefined;
  /** The marketplace's own estimate, 0 to 1. */
  readonly reliability: number;
  /** How often its renters complained lately, where that is known. */
  readonly reports?: number | undefined;
  readonly downMbps: number | null;
  readonly upMbps: number | null;
  readonly cuda: number | null;
  readonly verified: boolean;
  readonly spot: boolean;
}

/** What an offer says where its machine has no GPU at all, as a standby's. */
export const NO_GPU = 'none';

export const hasGpu = ({ gpu }: Pick<Offer, 'gpu'>): boolean => gpu !== NO_GPU;

/** What a workspace asks for. A missing field does not filter. */
export interface Need {
  /** Without a word a machine with a GPU is meant. */
  readonly kind?: 'cpu' | undefined;
  readonly gpu?: string | undefined;
  readonly gpuCountMin?: number | undefined;
  readonly vramGbMin?: number | undefined;
  readonly dollarsPerHourMax?: number | undefined;
  readonly regions?: readonly string[] | undefined;
  readonly reliabilityMin?: number | undefined;
  readonly downMbpsMin?: number | undefined;
  readonly diskGbMin?: number | undefined;
  readonly cudaMin?: number | undefined;
  readonly verified?: boolean | undefined;
  /** false (the default) leaves interruptible machines out. */
  readonly spot?: boolean | undefined;
}

/** As people write them: `us` is `US`. */
export function isIn(region: string, regions: Need['regions']): boolean {
  if (regions === undefined || regions.length === 0) return true;
  return regions.some((one) => one.toLowerCase() === region.toLowerCase());
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What we ask a marketplace to start. */
export interface Order {
  readonly label: string;
  readonly image: string;
  readonly diskGb: number;
  /** OpenSSH public keys that may log in as root: the engine's first, then the owner's. */
  readonly publicKeys: readonly string[];
  /** Runs on the machine while it boots. */
  readonly bootScript: string;
  /** Secrets the boot script reads from a file that only root can read; never arguments. */
  readonly bootConfig: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly ports: readonly number[];
}

/** In the marketplace's list. `unknown` is a word we do not know, and never means that it is gone. */
export type ListedStatus = 'loading' | 'running' | 'stopped' | 'exited' | 'unknown';

export interface Listed {
  readonly instance: string;
  readonly label: string | null;
  readonly status: ListedStatus;
  readonly statusMessage: string;
  /** Where its SSH server answers, once the marketplace knows. */
  readonly address: Address | null;
  readonly machine: string;
  readonly dollarsPerHour: number;
  readonly startedAt: number;
  /** When its marketplace ends it by itself; missing where it does not. */
  readonly endsAt?: number | undefined;
}

/** What holds for all rentals at a marketplace, so that a race knows what it may ask for, and what losing costs there. */
export interface Terms {
  /** From one rental to the next: they leave one after the other. */
  readonly createEveryMs: number;
  /** What a host pulls at our expense before a machine runs, if it has not got it. */
  readonly imageGb: number;
  /** A machine's network cards carry nothing but its own bytes: what they count is what is billed. */
  readonly ownNetwork: boolean;
}

/**
 * A host wants more for a machine that is rented already. The old price holds until `from`; then the rental ends, unless
 * somebody agreed to the new one.
 */
export interface PriceIncrease {
  readonly id: string;
  readonly instance: string;
  readonly moreDollarsPerHour: number;
  /** What gets dearer besides the hour, in words. */
  readonly besides: string | null;
  readonly from: number;
}

/** A line of a marketplace's own bill, in US dollars. While a machine runs its newest line grows: the same `id`, a larger amount. */
export interface Billed {
  /** Names the line for ever, within its marketplace. */
  readonly id: string;
  readonly instance: string;
  readonly for: 'gpu' | 'disk' | 'bandwidth';
  readonly micro: MicroDollars;
  readonly from: number;
  readonly until: number;
}

import { readdirSync } from 'node:fs';
import type { LocalControl } from '../../domain/doors.ts';
import { Failure } from '../../domain/failures.ts';
import { isMissing } from '../../files/whole-file.ts';
import { close, costSoFar, isLive } from './account.ts';
import { listed } from './listing.ts';
import { canSlowDown } from './machine/slowness.ts';
import { ISOLATIONS } from './machine/spec.ts';
import { removeMachine } from './machine-process.ts';
import type { Market } from './market.ts';
import { isMisbehaviour, MISBEHAVIOURS } from './misbehaviours.ts';

export interface LocalLevers extends LocalControl {
  /**
   * `target` may also be an offer. With a probability a mode holds for that share of rentals, always the same ones for
   * the same seed.
   */
  misbehave(target: string, mode: string | null, probability?: number): Promise<void>;
  /** How far machines are kept apart here, in a sentence. */
  notes(): Promise<string>;
  /** The machine's own root, as a folder of this computer. */
  rootOf(instance: string): string;
}

/** The levers of the local marketplace. They work on a marketplace that runs, and on one that nobody uses right now. */
export function localControl(market: Market): LocalLevers {
  const { ledger } = market;
  const liveOnes = () => ledger.read().rentals.filter(isLive);

  return {
    modes: MISBEHAVIOURS,
    notes: async () => ISOLATIONS[await market.isolation()],
    rootOf: (instance) => market.filesOf(instance).root,

    async machines() {
      return liveOnes().map((rental) => ({
        ...listed(market, rental),
        gpu: rental.gpu,
        misbehaving: market.modesOf(rental).join(', ') || null,
      }));
    },

    async misbehave(target, mode, probability = 1) {
      if (mode !== null && !isMisbehaviour(mode)) {
        throw refusal(
          `there is no way to misbehave called "${mode}"; there are ${Object.keys(MISBEHAVIOURS).join(', ')}`,
        );
      }
      if (!names(market, target))
        throw refusal(`"${target}" is no instance, physical machine or offer; all together are "market"`);
      if (mode === 'slow-disk' && ((await market.isolation()) === 'prefix' || !canSlowDown())) {
        throw refusal('this computer has no freezer (cgroup) for us, with which a machine is slowed down');
      }
      ledger.change((account) => {
        account.rules = account.rules.filter((rule) => rule.on !== target || (mode !== null && rule.mode !== mode));
        if (mode !== null) account.rules.push({ on: target, mode, probability });
      });
      await Promise.all(liveOnes().map(async (rental) => await market.enforce(rental)));
    },

    async setGpu(target, reading) {
      const meant = ledger.change((account) => {
        const rentals = account.rentals
          .filter(isLive)
          .filter(({ instance, physical }) => target === 'market' || target === instance || target === physical);
        for (const rental of rentals) rental.gpu = { ...reading };
        return rentals;
      });
      if (meant.length === 0) throw refusal(`no machine that runs is called "${target}"`);
      await Promise.all(meant.map(async (rental) => await market.enforce(rental)));
    },

    async bill() {
      return ledger.rentals().map((rental) => ({
        instance: rental.instance,
        label: rental.label,
        from: rental.from,
        until: rental.until,
        micro: costSoFar(rental, market.now()),
      }));
    },

    async endAll() {
      const rented = liveOnes().map(({ instance }) => instance);
      // A folder that no rental owns can only come from a crash between the two; it ends as well.
      const all = new Set([...rented, ...foldersIn(market.filesOf('').folder)]);
      const ends = await Promise.allSettled(
        [...all].map(async (instance) => {
          await removeMachine(market.filesOf(instance));
          ledger.change((account) => close(account, instance, market.now()));
        }),
      );
      const failed = ends.find((end) => end.status === 'rejected');
      if (failed) throw failed.reason;
      return rented.length;
    },
  };
}

function names(market: Market, target: string): boolean {
  if (target === 'market' || market.live(target)) return true;
  return market.machines.some(({ id }) => target === id || target.startsWith(`${id}.`));
}

function foldersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw cause;
  }
}

function refusal(why: string): Failure {
  return new Failure('bad_request', { why });
}

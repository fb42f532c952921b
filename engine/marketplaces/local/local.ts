import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { Failure, reasonOf } from '../../domain/failures.ts';
import type { Marketplace } from '../../domain/ports.ts';
import { readIfThere, writeWhole } from '../../files/whole-file.ts';
import { book, close, linesOf, modesOf, onOffer, passOn, rate } from './account.ts';
import { bootTimes } from './boot-times.ts';
import { type LocalLevers, localControl } from './control.ts';
import { endCallOf } from './end-call.ts';
import type { Rental } from './ledger.ts';
import { listed } from './listing.ts';
import type { MachineSpec } from './machine/spec.ts';
import { machineState, removeMachine, startMachine, stopMachine } from './machine-process.ts';
import { type LocalOptions, type Market, openMarket } from './market.ts';
import { type Misbehaviour, machineFaults } from './misbehaviours.ts';
import { pace, waitFor } from './pace.ts';

export type LocalMarketplace = Marketplace & LocalLevers;

/** A marketplace on this computer. Its machines are real: processes with an SSH server, that outlive the engine. */
export function localMarketplace(options: LocalOptions): LocalMarketplace {
  const market = openMarket(options);
  const { ledger } = market;
  const paces = {
    create: pace(options.paceMs?.create ?? 0),
    destroy: pace(options.paceMs?.destroy ?? 0),
    list: pace(options.paceMs?.list ?? 0),
  };
  const ending = new Map<string, Promise<void>>();

  return {
    ...localControl(market),
    name: 'local',
    pauses: true,

    async offers(need, signal) {
      signal.throwIfAborted();
      failIf(accountModes(market), 'lists-fail');
      return onOffer(ledger.read(), market.machines, need);
    },

    async rent(offer, order, depart, signal) {
      const isolation = await market.isolation();
      await paces.create(signal);
      await depart();
      signal.throwIfAborted();
      const { rental, modes } = ledger.change((account) => {
        const modes = modesOf(account, offer.id, offer.machine);
        if (modes.includes('no-credit')) throw new Failure('no_credit', { marketplace: 'local' });
        if (modes.includes('create-refused')) throw refused('it does not rent this one out today');
        if (modes.includes('offer-taken')) {
          passOn(account, offer.machine);
          return { rental: null, modes };
        }
        return { rental: book(account, market.machines, offer, order, market.now()), modes };
      });
      if (!rental) throw new Failure('offer_taken', { offer: offer.id });

      begin(market, rental, {
        instance: rental.instance,
        isolation,
        searchPath: market.searchPath,
        publicKeys: order.publicKeys,
        bootScript: order.bootScript,
        bootConfig: order.bootConfig,
        environment: order.environment,
        endKey: randomBytes(32).toString('hex'),
      });
      failIf(modes, 'create-bills');
      if (modes.includes('create-late')) await waitFor(market.scaled(LATE_MS), signal);
      return rental.instance;
    },

    async list(signal) {
      await paces.list(signal);
      const modes = accountModes(market);
      failIf(modes, 'lists-fail');
      const account = ledger.read();
      // Its own clock decides only how far behind a list is: this computer's may have been set back since something began.
      const then = modes.includes('lists-lag') ? market.now() - market.scaled(LAG_MS) : null;
      return account.rentals
        .filter(({ from, until }) => (then === null ? until === null : from <= then && (until ?? Infinity) > then))
        .filter((rental) => !market.modesOf(rental, account).includes('vanished'))
        .map((rental) => listed(market, rental));
    },

    async destroy(instance, signal) {
      await paces.destroy(signal);
      const rental = market.live(instance);
      if (!rental) return;
      const modes = market.modesOf(rental);
      failIf(modes, 'destroy-fails');
      if (modes.includes('destroy-lies')) return;
      const end = ending.get(instance) ?? endRental(market, instance).finally(() => ending.delete(instance));
      ending.set(instance, end);
      await end;
    },

    async stop(instance, signal) {
      signal.throwIfAborted();
      const rental = mustLive(market, instance);
      if (rental.stopped) return;
      await stopMachine(market.filesOf(instance));
      changeRate(market, instance, true);
    },

    async start(instance, signal) {
      signal.throwIfAborted();
      const rental = mustLive(market, instance);
      const over = machineState(market.filesOf(instance))?.phase === 'exited';
      if (!rental.stopped && !over) return;
      const order = readIfThere(market.filesOf(instance).spec);
      if (order === null) throw refused(`the disk of ${instance} is gone`);
      changeRate(market, instance, false);
      begin(market, rental, JSON.parse(order) as MachineSpec);
    },

    async bootLog(instance, signal) {
      signal.throwIfAborted();
      return readIfThere(market.filesOf(instance).bootLog) ?? '';
    },

    endCall: async (instance) => endCallOf(market, instance),

    async charges(since, signal) {
      signal.throwIfAborted();
      failIf(accountModes(market), 'lists-fail');
      return ledger
        .rentals()
        .flatMap((rental) => linesOf(rental, market.now()))
        .filter(({ until }) => until >= since);
    },

    async credit(signal) {
      signal.throwIfAborted();
      return accountModes(market).includes('no-credit') ? 0 : null;
    },
  };
}

/** How long an answer that comes late takes, and how far behind a lagging list is. */
const LATE_MS = 60_000;
const LAG_MS = 20_000;

function accountModes(market: Market): readonly Misbehaviour[] {
  return modesOf(market.ledger.read(), 'market');
}

function failIf(modes: readonly Misbehaviour[], mode: Misbehaviour): void {
  if (modes.includes(mode))
    throw new Failure('marketplace_down', { marketplace: 'local', why: `it was told to: ${mode}` });
}

function refused(why: string): Failure {
  return new Failure('marketplace_refused', { marketplace: 'local', why });
}

function mustLive(market: Market, instance: string): Rental {
  const rental = market.live(instance);
  if (!rental) throw refused(`there is no instance ${instance}`);
  return rental;
}

function changeRate(market: Market, instance: string, stopped: boolean): void {
  market.ledger.change((account) => {
    const rental = account.rentals.find((candidate) => candidate.instance === instance);
    if (rental) rate(rental, stopped, market.now());
  });
}

/** Starts the machine of a rental. From here on it may exist, whatever goes wrong. */
function begin(market: Market, rental: Rental, order: Omit<MachineSpec, 'loadingMs' | 'sshMs'>): void {
  const files = market.filesOf(rental.instance);
  try {
    mkdirSync(files.folder, { recursive: true, mode: 0o700 });
    writeWhole(files.faults, JSON.stringify(machineFaults(market.modesOf(rental))));
    market.showGpu(rental);
    startMachine(files, { ...order, ...timesOf(market, rental) });
  } catch (cause) {
    throw new Failure('marketplace_down', { marketplace: 'local', why: reasonOf(cause) }, { cause });
  }
}

function timesOf(market: Market, rental: Rental): Pick<MachineSpec, 'loadingMs' | 'sshMs'> {
  const { bootMs } = market.options;
  const { seed } = market.ledger.read();
  // A machine that was stopped has its image already; what it cost before tells how often that was.
  const again = rental.rates.length > 1 ? 3 : 1;
  const times = bootTimes(seed, market.physicalOf(rental), `${rental.offer}/${rental.rates.length}`);
  if (bootMs !== undefined) return { loadingMs: market.scaled(bootMs * 0.8), sshMs: market.scaled(bootMs * 0.2) };
  return { loadingMs: market.scaled(times.loadingMs / again), sshMs: market.scaled(times.sshMs / again) };
}

async function endRental(market: Market, instance: string): Promise<void> {
  const at = market.now();
  try {
    await removeMachine(market.filesOf(instance));
  } catch (cause) {
    throw new Failure('marketplace_down', { marketplace: 'local', why: reasonOf(cause) }, { cause });
  }
  market.ledger.change((account) => close(account, instance, at));
}

import { join, resolve } from 'node:path';
import { readIfThere } from '../../files/whole-file.ts';
import { isLive, modesOf } from './account.ts';
import { catalogue, type Physical } from './catalogue.ts';
import { showGpu } from './gpu-health.ts';
import { type Ledger, type LedgerFile, ledgerFile, type Rental } from './ledger.ts';
import { SEARCH_PATH } from './machine/chamber.ts';
import { bestIsolation } from './machine/isolation.ts';
import { type Isolation, type MachineFiles, machineFiles } from './machine/spec.ts';
import { tellFaults } from './machine-process.ts';
import { type Misbehaviour, machineFaults } from './misbehaviours.ts';

export interface LocalOptions {
  /** Everything lies here: the account, the bill, and a folder for each machine. */
  readonly folder: string;
  /** Decides what is on offer and how everything turns out. The first one given to a folder stays. */
  readonly seed?: string;
  /** All waits are this many times shorter. */
  readonly timeScale?: number;
  /** Every machine takes this long to boot, instead of what its host makes of it. */
  readonly bootMs?: number;
  /** The least time between two calls of a kind, as rented marketplaces demand. */
  readonly paceMs?: { readonly create?: number; readonly destroy?: number; readonly list?: number };
  /** How machines are kept apart; without it, the best that works here. */
  readonly isolation?: Isolation;
  /** Where programs may be besides the usual places. */
  readonly searchPath?: string;
  readonly now?: () => number;
}

/** What the marketplace itself and its levers both work on. */
export interface Market {
  readonly options: LocalOptions;
  readonly machines: readonly Physical[];
  readonly ledger: LedgerFile;
  readonly searchPath: string;
  now(): number;
  scaled(ms: number): number;
  isolation(): Promise<Isolation>;
  filesOf(instance: string): MachineFiles;
  physicalOf(rental: Rental): Physical;
  /** The rental of this machine, while it bills. */
  live(instance: string): Rental | null;
  modesOf(rental: Rental, account?: Ledger): readonly Misbehaviour[];
  /** Writes what the machine's GPUs say of themselves. */
  showGpu(rental: Rental): void;
  /** Lets a machine behave as it is meant to, good or bad. */
  enforce(rental: Rental): Promise<void>;
}

export function openMarket(options: LocalOptions): Market {
  const folder = resolve(options.folder);
  const now = options.now ?? Date.now;
  const ledger = ledgerFile(folder, options.seed ?? 'dumont', now);
  const machines = catalogue(ledger.read().seed);
  // Tools that make namespaces lie where many people's PATH does not lead.
  const searchPath = options.searchPath ? `${SEARCH_PATH}:${options.searchPath}` : SEARCH_PATH;
  const byId = new Map(machines.map((machine) => [machine.id, machine]));
  let isolation: Promise<Isolation> | null = options.isolation ? Promise.resolve(options.isolation) : null;

  const market: Market = {
    options,
    machines,
    ledger,
    searchPath,
    now,
    scaled: (ms) => ms / (options.timeScale ?? 1),
    async isolation() {
      isolation ??= bestIsolation(folder, searchPath);
      return await isolation;
    },
    filesOf: (instance) => machineFiles(join(folder, 'machines', instance)),
    physicalOf: (rental) => byId.get(rental.physical)!,
    live: (instance) => ledger.read().rentals.find((rental) => rental.instance === instance && isLive(rental)) ?? null,
    modesOf: (rental, account = ledger.read()) => modesOf(account, rental.offer, rental.instance, rental.physical),
    showGpu(rental) {
      const { gpu } = market.filesOf(rental.instance);
      showGpu(gpu, market.physicalOf(rental).offer, rental.gpu, market.modesOf(rental));
    },
    async enforce(rental) {
      const files = market.filesOf(rental.instance);
      const modes = market.modesOf(rental);
      market.showGpu(rental);
      const faults = JSON.stringify(machineFaults(modes));
      if ((readIfThere(files.faults) ?? '[]') !== faults) await tellFaults(files, machineFaults(modes));
    },
  };
  return market;
}

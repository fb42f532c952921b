import { Failure } from '../../engine/domain/failures.ts';
import type { EndCall } from '../../engine/domain/heartbeat.ts';
import {
  type Billed,
  hasGpu,
  type Listed,
  type Need,
  NO_GPU,
  type Offer,
  type Order,
  type Terms,
} from '../../engine/domain/marketplace.ts';
import { costOf, type MicroDollars, microDollars } from '../../engine/domain/money.ts';
import type { Connect, Marketplace } from '../../engine/domain/ports.ts';
import type { FakeClock } from './clock.ts';
import { FakeMachine, type Manners, PROMPT } from './machine.ts';
import type { FakeStorage } from './storage.ts';

/** A marketplace that remembers every rental and bills it, whatever the engine believes. */
export class FakeMarketplace implements Marketplace {
  readonly name = 'fake';
  readonly pauses = true;
  readonly machines = new Map<string, FakeMachine>();
  /** How the next machines behave, by the order in which they are rented; then as `manners` says. */
  readonly queue: Manners[] = [];
  manners: (offer: Offer) => Manners = () => PROMPT;
  /** A destroyed machine stays in lists this long, and a new one appears in them only after it. */
  listLagMs = 0;
  /** No machine with a GPU is on offer. */
  soldOut = false;
  destroyFails = false;
  creditMicro: MicroDollars | null = null;
  terms: Terms = { createEveryMs: 0, imageGb: 0, ownNetwork: true };
  /** What went through each machine's network cards, and is billed. */
  readonly traffic = new Map<string, { down: number; up: number }>();
  onRent: (machine: FakeMachine) => void = () => undefined;
  onDestroy: (machine: FakeMachine) => void = () => undefined;
  readonly #ended = new Map<string, number>();
  /** When each was stopped or started again. */
  readonly #turns = new Map<string, number[]>();
  readonly #clock: FakeClock;
  readonly #storage: FakeStorage;
  #offers: readonly Offer[];
  #relisted = 0;

  constructor(clock: FakeClock, storage: FakeStorage, offers: readonly Offer[] = standardOffers(40)) {
    this.#clock = clock;
    this.#storage = storage;
    this.#offers = [...offers, ...standbyOffers()];
  }

  /** Machines without a GPU, for whoever asks for such; and none with one while they are sold out. */
  async offers(need: Need): Promise<readonly Offer[]> {
    const withGpu = need.kind !== 'cpu';
    if (withGpu && this.soldOut) return [];
    return this.#offers.filter((offer) => hasGpu(offer) === withGpu);
  }

  async rent(offer: Offer, order: Order, depart: () => Promise<void>): Promise<string> {
    await depart();
    if (!this.#offers.some(({ id }) => id === offer.id)) throw new Failure('offer_taken', { offer: offer.id });
    this.#offers = this.#offers.filter(({ id }) => id !== offer.id);
    const instance = `i${this.machines.size + 1}`;
    const manners = this.queue.shift() ?? this.manners(offer);
    const machine = new FakeMachine(instance, order.label, offer, manners, this.#clock, this.#storage);
    this.machines.set(instance, machine);
    this.onRent(machine);
    return instance;
  }

  async list(): Promise<readonly Listed[]> {
    const now = this.#clock.now();
    return [...this.machines.values()]
      .filter((machine) => this.#isListed(machine, now))
      .map((machine) => this.#listed(machine, now));
  }

  async destroy(instance: string): Promise<void> {
    const machine = this.machines.get(instance);
    if (!machine || machine.destroyed) return;
    if (this.destroyFails) throw new Failure('marketplace_down', { marketplace: this.name, why: 'try again later' });
    this.onDestroy(machine);
    this.#end(machine);
  }

  async stop(instance: string): Promise<void> {
    const machine = this.#existing(instance);
    if (!machine.stopped) this.#turn(instance);
    machine.stopped = true;
  }

  async start(instance: string): Promise<void> {
    const machine = this.#existing(instance);
    if (!machine.stopped) return;
    this.#turn(instance);
    machine.restart(this.manners(machine.offer));
  }

  #turn(instance: string): void {
    this.#turns.set(instance, [...(this.#turns.get(instance) ?? []), this.#clock.now()]);
  }

  async bootLog(): Promise<string> {
    return '';
  }

  async endCall(instance: string): Promise<EndCall | null> {
    const machine = this.machines.get(instance);
    if (!machine || machine.destroyed) return null;
    return { method: 'DELETE', url: `http://marketplace.test/${instance}`, headers: {}, body: null };
  }

  /** It shows a bill only from then on that a test says so, `lagMs` late: a line for each machine and day. */
  charges?: NonNullable<Marketplace['charges']>;
  showBill(lagMs = 0): void {
    this.charges = async (since) => {
      const known = this.#clock.now() - lagMs;
      return [...this.machines.values()]
        .flatMap((machine) => this.#lines(machine, Math.min(known, this.#ended.get(machine.instance) ?? known)))
        .filter(({ until }) => until >= since);
    };
  }

  async credit(): Promise<MicroDollars | null> {
    return this.creditMicro;
  }

  readonly connect: Connect = async (address, hostKey) => {
    const machine = this.machines.get(address.host);
    if (!machine?.answersSsh) throw new Failure('ssh_refused', { address: address.host, why: 'nobody answers' });
    const shell = await machine.shell();
    if (hostKey !== null && hostKey !== shell.hostKey)
      throw new Failure('host_key_changed', { address: address.host, met: shell.hostKey, pinned: hostKey });
    return shell;
  };

  /** A host takes its machine away, and may give it back. */
  vanish(instance: string): void {
    const machine = this.machines.get(instance);
    if (machine) machine.vanished = true;
  }

  comeBack(instance: string): void {
    const machine = this.machines.get(instance);
    if (machine) machine.vanished = false;
  }

  /** A host takes its machine away for good; the marketplace charges it no longer. */
  take(instance: string): void {
    const machine = this.machines.get(instance);
    if (machine && !machine.destroyed) this.#end(machine);
  }

  /** When it stopped being billed; null while it is. */
  endedAt(instance: string): number | null {
    return this.#ended.get(instance) ?? null;
  }

  /** What every rental cost until now. Vanished machines are billed: nobody told the marketplace to stop. */
  bill(): ReadonlyMap<string, MicroDollars> {
    const now = this.#clock.now();
    return new Map(
      [...this.machines.values()].map((machine) => {
        const lines = this.#lines(machine, this.#ended.get(machine.instance) ?? now);
        return [machine.instance, lines.reduce((sum, { micro }) => sum + micro, 0)];
      }),
    );
  }

  /** A line for each day of a part, and one for all of its traffic. Where a stopped machine costs less, its disk stands apart. */
  #lines({ instance, createdAt, offer }: FakeMachine, end: number): readonly Billed[] {
    const { dollarsPerHour, stoppedDollarsPerGbMonth, dollarsPerGbDown, dollarsPerGbUp } = offer;
    const disk = ((stoppedDollarsPerGbMonth ?? 0) * FAKE_DISK_GB) / 730;
    const ran = (at: number): number => (disk === 0 ? at - createdAt : this.#ranMs(instance, createdAt, at));
    const costs = {
      gpu: (at: number): MicroDollars => costOf(dollarsPerHour - disk, ran(at)),
      disk: (at: number): MicroDollars => costOf(disk, at - createdAt),
    };
    const lines: Billed[] = [];
    for (let from = createdAt; from < end; ) {
      const until = Math.min(end, (Math.floor(from / DAY) + 1) * DAY);
      const day = new Date(from).toISOString().slice(0, 10);
      for (const part of ['gpu', 'disk'] as const) {
        const micro = costs[part](until) - costs[part](from);
        const id = part === 'gpu' ? `${instance}/${day}` : `${instance}/${part}/${day}`;
        if (part === 'gpu' || micro > 0) lines.push({ id, instance, for: part, micro, from, until });
      }
      from = until;
    }
    const { down = 0, up = 0 } = this.traffic.get(instance) ?? {};
    const micro = microDollars((down * dollarsPerGbDown + up * dollarsPerGbUp) / 1e9);
    if (micro > 0 && end > createdAt)
      lines.push({ id: `${instance}/bandwidth`, instance, for: 'bandwidth', micro, from: createdAt, until: end });
    return lines;
  }

  #ranMs(instance: string, from: number, until: number): number {
    const turns = (this.#turns.get(instance) ?? []).filter((at) => at < until);
    const ends = [from, ...turns, until];
    return ends.reduce((ms, at, i) => (i % 2 === 1 ? ms + at - ends[i - 1]! : ms), 0);
  }

  #existing(instance: string): FakeMachine {
    const machine = this.machines.get(instance);
    if (!machine || machine.destroyed || machine.vanished)
      throw new Failure('marketplace_refused', { marketplace: this.name, why: `there is no ${instance}` });
    return machine;
  }

  /** The hardware is on offer again, under a new name. */
  #end(machine: FakeMachine): void {
    machine.destroyed = true;
    machine.endedUnseen = machine.vanished || machine.unlisted;
    this.#ended.set(machine.instance, this.#clock.now());
    this.#relisted += 1;
    this.#offers = [...this.#offers, { ...machine.offer, id: `again${this.#relisted}` }];
  }

  #isListed(machine: FakeMachine, now: number): boolean {
    if (machine.vanished || machine.unlisted) return false;
    if (now < machine.createdAt + this.listLagMs) return false;
    const ended = this.#ended.get(machine.instance);
    return ended === undefined || now < ended + this.listLagMs;
  }

  #listed(machine: FakeMachine, now: number): Listed {
    const running = now >= machine.bootedAt + machine.manners.loadingMs;
    return {
      instance: machine.instance,
      label: machine.label,
      status: machine.exited ? 'exited' : machine.stopped ? 'stopped' : running ? 'running' : 'loading',
      statusMessage: '',
      address: running ? { host: machine.instance, port: 22 } : null,
      machine: machine.offer.machine,
      dollarsPerHour: machine.offer.dollarsPerHour,
      startedAt: machine.createdAt,
    };
  }
}

const DAY = 86_400_000;
/** What a workspace asks for, where nobody says otherwise. */
export const FAKE_DISK_GB = 40;

/** A few without a GPU. */
function standbyOffers(): readonly Offer[] {
  return standardOffers(3).map((offer, i) => ({
    ...offer,
    ...{
      id: `c${i}`,
      machine: `cpu ${i}`,
      host: `zone ${i}`,
      gpu: NO_GPU,
      gpuCount: 0,
      vramGb: 0,
      dollarsPerHour: 0.14,
    },
  }));
}

/** Many similar machines of several owners in several places. */
export function standardOffers(count: number): readonly Offer[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `o${i}`,
    marketplace: 'fake',
    machine: `p${i}`,
    host: `h${i % 12}`,
    region: ['US', 'DE', 'BR', 'JP'][i % 4] ?? 'US',
    gpu: 'RTX 4090',
    gpuCount: 1,
    vramGb: 24,
    cpuCount: 16,
    memoryGb: 64,
    diskGb: 500,
    dollarsPerHour: 0.3 + (i % 10) / 50,
    dollarsPerGbDown: 0.01,
    dollarsPerGbUp: 0.01,
    reliability: 0.99 - (i % 5) / 100,
    downMbps: 800,
    upMbps: 500,
    cuda: 12.8,
    verified: true,
    spot: false,
  }));
}

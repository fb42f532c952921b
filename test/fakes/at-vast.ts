import { Failure } from '../../engine/domain/failures.ts';
import type { Clock, Connect, Ports } from '../../engine/domain/ports.ts';
import type { Send } from '../../engine/marketplaces/vast/send.ts';
import { vast } from '../../engine/marketplaces/vast/vast.ts';
import {
  type Account,
  type Computers,
  GOOD_KEY,
  openVast,
  type Rental,
  type VastOptions,
} from '../standins/vast/account.ts';
import { sendTo } from '../standins/vast/send.ts';
import { seeded } from './chance.ts';
import { FakeMachine, PROMPT } from './machine.ts';
import { standardOffers } from './marketplace.ts';
import type { World } from './world.ts';

/** The stand-in for vast under the world's own clock, with fake machines in it, and how an engine is pointed at it. */
export interface AtVast {
  readonly account: Account;
  readonly machines: ReadonlyMap<number, FakeMachine>;
  readonly connect: Connect;
  readonly send: Send;
  readonly change: (ports: Ports) => Ports;
}

export function atVast(w: Pick<World, 'clock' | 'storage'>, options: Omit<VastOptions, 'now' | 'computers'>): AtVast {
  const machines = new Map<number, FakeMachine>();
  const computers: Computers = {
    async begin(rental) {
      const machine = new FakeMachine(
        String(rental.id),
        rental.label ?? '',
        standardOffers(1)[0]!,
        mannersOf(rental),
        w.clock,
        w.storage,
      );
      machines.set(rental.id, machine);
    },
    async end({ id }) {
      const machine = machines.get(id);
      if (machine) machine.destroyed = true;
    },
    address: ({ id }) => ({ host: String(id), port: 22 }),
    log: async () => '',
  };
  const account = openVast({ ...options, now: () => w.clock.now(), computers });
  const send = sendTo(account, w.clock);
  const connect: Connect = async ({ host }, hostKey) => {
    const machine = machines.get(Number(host));
    if (!machine?.answersSsh) throw new Failure('ssh_refused', { address: host, why: 'nobody answers' });
    const shell = await machine.shell();
    if (hostKey !== null && hostKey !== shell.hostKey)
      throw new Failure('host_key_changed', { address: host, met: shell.hostKey, pinned: hostKey });
    return shell;
  };
  return {
    account,
    machines,
    connect,
    send,
    change: (ports) => ({ ...ports, connect, marketplaces: marketplacesOf(ports.clock, send) }),
  };
}

export function marketplacesOf(clock: Clock, send: Send): Ports['marketplaces'] {
  const market = vast({
    url: 'http://vast.test',
    key: GOOD_KEY,
    keysFile: null,
    clock,
    random: seeded('client'),
    send,
  });
  return new Map([[market.name, market]]);
}

function mannersOf({ boot }: Rental) {
  const answers = boot.fate === 'well' || boot.fate === 'cuda-dead';
  return {
    ...PROMPT,
    loadingMs: boot.loadingMs,
    sshAfterMs: answers ? boot.loadingMs + boot.sshMs : Number.POSITIVE_INFINITY,
    gpuDead: boot.fate === 'cuda-dead',
  };
}

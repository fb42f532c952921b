import type { Talk } from '../../engine/domain/events.ts';
import type { Machine } from '../../engine/domain/lifecycle.ts';
import type { Marketplace, Ports, Shell, Store } from '../../engine/domain/ports.ts';
import type { Parts } from '../../engine/parts.ts';
import type { Step } from '../../engine/steps/step.ts';
import type { Law } from './laws.ts';
import type { Breach } from './world.ts';

/** An engine with one thing wrong. If the simulation lets it pass, it is the simulation that is wrong. */
export interface LawBreaker {
  /** Those it breaks, any of which may be seen first. */
  readonly laws: readonly Law[];
  readonly breach: Breach;
}

const A = 'a'.repeat(64);

export const LAW_BREAKERS: Readonly<Record<string, LawBreaker>> = {
  'releases without saving': steps([1, 4], (table) => ({
    saving: async (_machine, ports) => ({ to: 'releasing', why: 'saved, surely', facts: sealed(A, ports) }),
    releasing: table.releasing,
  })),
  'takes a failed backup for a good one': steps([1, 4], ({ saving }) => ({
    saving: async (machine, ports, signal, note) => {
      const turn = await saving(machine, ports, signal, note);
      return turn.to === 'running' && machine.saveFailures === 0 && turn.facts?.saveFailures
        ? { to: 'releasing', why: 'good enough', facts: sealed(A, ports) }
        : turn;
    },
  })),
  'gives up by itself what it cannot save': steps([1, 4], ({ saving }) => ({
    saving: async (machine, ports, signal, note) => {
      const turn = await saving(machine, ports, signal, note);
      if (turn.to !== 'running' && turn.to !== 'stranded') return turn;
      return {
        to: 'releasing',
        why: 'gave up',
        facts: { abandoned: { by: 'dumont', why: 'tired', at: ports.clock.now() } },
      };
    },
  })),
  'destroys a machine that was lost and came back': steps([1], ({ releasing }) => ({
    lost: async (machine, ports) => ({ to: 'releasing', why: machine.why, facts: sealed(A, ports) }),
    releasing: async ({ entered: { lost: _, ...entered }, ...machine }, ...rest) =>
      await releasing({ ...machine, entered }, ...rest),
  })),
  'pauses without saving': steps([1, 4, 5], ({ running }) => ({
    running: async (machine, ports, signal, note) => {
      const turn = await running(machine, ports, signal, note);
      return turn.to === 'saving' ? { ...turn, facts: { ...turn.facts, ...sealed(A, ports) } } : turn;
    },
    saving: async () => ({ to: 'releasing', why: 'was sealed before' }),
  })),
  'rents again what it may have rented': steps([3], ({ renting }) => ({
    renting: async (machine, ports, signal, note) =>
      await renting({ ...machine, departedAt: null }, ports, signal, note),
  })),
  'forgets a machine that it let go': steps([3, 4], () => ({ releasing: async () => ({ to: 'gone', why: 'surely' }) })),
  'destroys nothing and believes it': marketplace([3, 'end'], () => ({ destroy: async () => undefined })),
  'lets people in before their files are there': steps([4, 5], () => ({
    restoring: async () => ({ to: 'running', why: 'usable, surely', facts: { complete: true } }),
  })),
  'takes the first sign of a restore for its end': steps([1, 4, 5, 6], ({ restoring }) => ({
    restoring: async (machine, own, signal, note) => {
      const turn = await restoring(machine, own, signal, note);
      return turn.to === 'running' ? { ...turn, facts: { ...turn.facts, complete: true } } : turn;
    },
  })),
  'wakes from an older snapshot': store([5, 6], (real) => ({
    list: async (kind) => {
      const rows = await real.list(kind);
      if (kind !== 'snapshots' || rows.length < 2) return rows;
      return rows.toSorted((a, b) => order(a) - order(b)).slice(0, -1);
    },
  })),
  'enters snapshots in an order of its own': store([4, 6, 'end'], (real) => ({
    save: async (kind, row) =>
      await real.save(kind, kind === 'snapshots' ? ({ ...row, sequence: 1_000 - order(row) } as typeof row) : row),
  })),
  'takes a late backup of an old epoch for the newest': store([2, 4, 5, 6], (real) => ({
    save: async (kind, row) =>
      await real.save(
        kind,
        kind === 'snapshots' ? ({ ...row, kind: 'automatic', epoch: 2_000_000_000 } as typeof row) : row,
      ),
  })),
  'gives one epoch to every machine': store([2], (real) => ({
    claim: async (workspace, machine, now) => {
      const epoch = await real.claim(workspace, machine, now);
      const row = await real.read('workspaces', workspace);
      if (epoch === null || !row?.claim) return epoch;
      await real.save('workspaces', { ...row, claim: { ...row.claim, epoch: row.epoch - (row.epoch % 1_000) } });
      return epoch;
    },
  })),
  'takes the workspace from its standby before that is saved': store([1, 2, 'bug'], (real) => ({
    claim: async (workspace, machine, now) => {
      const epoch = await real.claim(workspace, machine, now);
      const holder = epoch === null ? (await real.read('workspaces', workspace))?.claim?.machine : undefined;
      if (holder === undefined) return epoch;
      await real.unclaim(workspace, holder);
      return await real.claim(workspace, machine, now);
    },
  })),
  'forgets an acknowledged row': store([1, 3, 4, 'end', 'bug'], (real) => ({
    save: async (kind, row) =>
      kind === 'machines' && (row as Machine).state === 'booting'
        ? { ...row, version: row.version + 1 }
        : await real.save(kind, row),
  })),
  'says that every ask went well': store([4], (real) => ({
    save: async (kind, row) => {
      const failed =
        kind === 'operations' && 'outcome' in row && row.outcome !== null && 'ok' in row.outcome && !row.outcome.ok;
      return await real.save(
        kind,
        failed ? ({ ...row, outcome: { ok: true, say: 'done', facts: {} } } as typeof row) : row,
      );
    },
  })),
  'tells of a proof that never was': tells([4], (tell) => (talk) => {
    tell(talk);
    if (talk.event !== 'machine.moved' || talk.to !== 'saving') return;
    tell({
      event: 'snapshot.proved',
      workspace: talk.workspace,
      machine: talk.machine,
      snapshot: A,
      files: 1,
      bytes: 1,
      why: 'surely',
    });
  }),
  'says usable when a machine is only ready': tells([4], (tell) => (talk) => {
    tell(talk);
    if (talk.event !== 'machine.moved' || talk.to !== 'restoring') return;
    tell({ event: 'workspace.usable', workspace: talk.workspace, machine: talk.machine, ms: 1 });
  }),
  'writes down nothing of what machines cost': ports([3], (own) => ({
    journals: {
      ...own.journals,
      append: async (journal, entry) => void (journal === 'ledger' || (await own.journals.append(journal, entry))),
    },
  })),
  'charges twice': ports([3], (own) => ({
    journals: {
      ...own.journals,
      append: async (journal, entry) =>
        await own.journals.append(journal, 'micro' in entry ? { ...entry, micro: entry.micro * 2 } : entry),
    },
  })),
  'puts machines to sleep without a word': tells([4], (tell) => (talk) => {
    if (talk.event !== 'machine.idle_warning') tell(talk);
  }),
  'calls every machine idle': ports([4], (own) => ({
    heartbeats: { ...own.heartbeats, idle: () => ({ sleep: true, why: 'surely idle', quietSince: 0 }) },
  })),
  'believes that every program ended well': ports([4], (own) => ({
    heartbeats: {
      ...own.heartbeats,
      latest(machine) {
        const heard = own.heartbeats.latest(machine);
        if (!heard) return null;
        const jobs = heard.status.jobs.map((job) => ({ ...job, state: 'ended' as const, endedAt: heard.at, code: 0 }));
        return { ...heard, status: { ...heard.status, jobs } };
      },
    },
  })),
  'stops nobody for the last backup': shells([1, 4], (run) => async (command, signal, onLine) => {
    const live = command.stdin?.replace('"mode":"last"', '"mode":"live"');
    return await run({ ...command, stdin: live }, signal, (line, say) => {
      onLine?.(line, (said) => {
        say(said);
        if (said.includes('keep-stopped')) onLine?.('{"event":"kept_stopped"}', say);
      });
    });
  }),
};

const sealed = (snapshot: string, own: Ports): Pick<Machine, 'sealed'> => ({
  sealed: { snapshot, at: own.clock.now() },
});

const order = (row: unknown): number => (row as { readonly sequence: number }).sequence;

function steps(
  laws: readonly Law[],
  change: (table: Parts['steps']) => Partial<Record<keyof Parts['steps'], Step>>,
): LawBreaker {
  return { laws, breach: { parts: (parts) => ({ ...parts, steps: { ...parts.steps, ...change(parts.steps) } }) } };
}

function ports(laws: readonly Law[], change: (own: Ports) => Partial<Ports>): LawBreaker {
  return { laws, breach: { ports: (own) => ({ ...own, ...change(own) }) } };
}

function store(laws: readonly Law[], change: (real: Store) => Partial<Store>): LawBreaker {
  return ports(laws, (own) => ({ store: { ...own.store, ...change(own.store) } }));
}

function tells(laws: readonly Law[], change: (tell: (talk: Talk) => void) => (talk: Talk) => void): LawBreaker {
  return ports(laws, (own) => ({ tell: change(own.tell) }));
}

function marketplace(laws: readonly Law[], change: (real: Marketplace) => Partial<Marketplace>): LawBreaker {
  return ports(laws, (own) => ({
    marketplaces: new Map([...own.marketplaces].map(([name, real]) => [name, { ...real, ...change(real) }])),
  }));
}

function shells(laws: readonly Law[], change: (run: Shell['run']) => Shell['run']): LawBreaker {
  return ports(laws, (own) => ({
    connect: async (...where) => {
      const shell = await own.connect(...where);
      return { ...shell, run: change(shell.run), [Symbol.asyncDispose]: () => shell[Symbol.asyncDispose]() };
    },
  }));
}

import type { Engine, WakeChoice } from '../domain/doors.ts';
import { Failure } from '../domain/failures.ts';
import { HOLDS_WORK } from '../domain/lifecycle.ts';
import type { Ports } from '../domain/ports.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { NO_CHOICE, programOf, type Wish } from '../domain/workspace.ts';
import { onlyAdopts } from '../steps/only-adopts.ts';
import { workspaceBell } from '../steps/step.ts';
import { update } from '../steps/update.ts';
import type { Asking } from './asking.ts';
import { checkHeld } from './checks.ts';
import { mustAgree, setAside } from './going-back.ts';
import type { Restores, Views } from './restores.ts';

type Asks = Pick<Engine, 'wake' | 'hibernate' | 'pause' | 'snapshot' | 'bringBack' | 'run' | 'keep' | 'abandon'>;

/** What people ask of the machine of a workspace. It becomes a wish in a row and a ring of the bell; its driver does it. */
export function asksOfMachines(views: Views, restores: Restores, { begin, noted }: Asking, ports: Ports): Asks {
  const { store, clock } = ports;
  const { mayWake, mayBringBack, holderOf } = restores;

  return {
    async wake(name, how, asked) {
      const { workspace, snapshot, left } = await mayWake(name, how);
      if (snapshot && left) {
        if (!how.setAside) throw mustAgree(left, snapshot, name);
        await setAside(left, snapshot, workspace, asked.by, ports);
      }
      return await begin(how.snapshot === undefined ? 'wake' : 'restore', workspace, asked, (operation, at) => ({
        wish: {
          ...NO_CHOICE,
          ...choice(how, snapshot),
          want: 'awake',
          by: asked.by,
          at,
          why: 'asked for',
          operation,
        },
      }));
    },

    async hibernate(name, how, asked) {
      const workspace = await views.find(name);
      return await begin('hibernate', workspace, asked, (operation, at) => ({
        wish: {
          ...NO_CHOICE,
          want: 'asleep',
          by: asked.by,
          at,
          why: 'asked for',
          operation,
          agreedToLose: how.agreedToLose ?? [],
        },
      }));
    },

    async pause(name, asked) {
      const workspace = await views.find(name);
      const machine = await holderOf(workspace);
      if (machine?.state !== 'running') throw new Failure('no_such_machine', { workspace: name });
      if (!ports.marketplaces.get(machine.marketplace)?.pauses)
        throw new Failure('cannot_pause', { workspace: name, marketplace: machine.marketplace });
      return await begin('pause', workspace, asked, (operation, at) => ({
        wish: { ...NO_CHOICE, want: 'paused', by: asked.by, at, why: 'asked for', operation },
      }));
    },

    async snapshot(name, how, asked) {
      const workspace = await views.find(name);
      const machine = await holderOf(workspace);
      if (machine?.state !== 'running') throw new Failure('no_such_machine', { workspace: name });
      if (how.holds !== undefined) checkHeld(how.holds, workspace);
      return await begin('snapshot', workspace, asked, (operation, at) => ({
        ask: {
          operation,
          by: asked.by,
          at,
          description: how.description,
          tags: how.tags ?? [],
          extra: how.extra ?? {},
          type: how.type ?? 'SNAPSHOT',
        },
      }));
    },

    async bringBack(name, how, asked) {
      const { workspace, snapshot } = await mayBringBack(name, how);
      const { path, into } = how;
      if (into === null && !how.overwrite)
        throw new Failure('confirmation_needed', {
          why:
            `This puts ${path === null ? 'the files' : `/${path}`} of snapshot ${snapshot.id.slice(0, 8)} in the place of what is on the ` +
            'machine now. A checkpoint is taken first; files that were made since stay. Agree to it, or name another directory.',
        });
      return await begin('restore', workspace, asked, (operation, at) => ({
        fetch: { operation, by: asked.by, at, snapshot: snapshot.id, path, into, checkpoint: null },
      }));
    },

    async run(name, how, asked) {
      const workspace = await views.find(name);
      const machine = await holderOf(workspace);
      if (machine?.state !== 'running') throw new Failure('no_such_machine', { workspace: name });
      if (how.argv.length === 0) throw new Failure('bad_request', { why: 'Say what to run.' });
      const { argv, thenHibernate } = how;
      return await begin(
        'run',
        workspace,
        asked,
        (operation, at) => ({ job: { operation, by: asked.by, at, argv, thenHibernate, machine: null } }),
        programOf(argv), // the audit forgets nothing
      );
    },

    async keep(name, how, asked) {
      const workspace = await views.find(name);
      const { keepMsMax } = ports.settings.agent;
      if (how.forMs !== null && !(how.forMs > 0 && how.forMs <= keepMsMax))
        throw new Failure('bad_request', { why: `keep it for at most ${keepMsMax / HOUR} hours at once` });
      const at = clock.now();
      const keep = how.forMs === null ? null : { until: at + how.forMs, by: asked.by, why: how.why, at };
      await noted('keep', name, asked, keep ? new Date(keep.until).toISOString() : 'ended', how.why);
      const changed = await update(store, 'workspaces', name, (row) => ({ ...row, keep }));
      if (keep) ports.tell({ event: 'workspace.kept', workspace: name, by: asked.by, until: keep.until, why: how.why });
      ports.bell.ring(workspaceBell(name));
      return changed ?? workspace;
    },

    async abandon(name, how, asked) {
      const workspace = await views.find(name);
      if (await onlyAdopts(ports)) throw new Failure('recovery_unconfirmed');
      const machines = (await store.list('machines')).filter(
        (machine) => machine.workspace === name && HOLDS_WORK.has(machine.state),
      );
      if (machines.length === 0) throw new Failure('no_such_machine', { workspace: name });
      return await begin(
        'abandon',
        workspace,
        asked,
        (operation, at) => ({
          wish: {
            ...NO_CHOICE,
            want: 'asleep',
            by: asked.by,
            at,
            why: how.why,
            operation,
            abandon: { by: asked.by, why: how.why, at, machines: machines.map((machine) => machine.id) },
          },
        }),
        how.why,
      );
    },
  };
}

function choice(how: WakeChoice, snapshot: Snapshot | null): Partial<Wish> {
  return { snapshot: snapshot?.id ?? null, need: how.need ?? {}, capDollars: how.capDollars ?? null };
}

const HOUR = 3_600_000;

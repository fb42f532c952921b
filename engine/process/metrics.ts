import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { spanAt } from '../domain/budget.ts';
import type { Engine, Meter } from '../domain/doors.ts';
import type { Talk } from '../domain/events.ts';
import { CHARGED_FOR } from '../domain/journals.ts';
import { DAY_MS, dayOf } from '../domain/ledger.ts';
import { TROUBLE } from '../domain/log.ts';
import { MICRO } from '../domain/money.ts';
import type { Clock, Store } from '../domain/ports.ts';

const STAGE_SECONDS = [0.5, 1, 2, 5, 10, 20, 30, 60, 90, 120, 300, 600, 1_800];
const CALL_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Counts what happens, by listening: nothing else knows of it. */
export interface Metrics extends Meter {
  saw(talk: Talk): void;
  /** The same port, timed. */
  store(store: Store): Store;
  /** A machine spoke, and was who it said or not. */
  heard(known: boolean): void;
  /** What is true at the moment somebody asks. */
  watch(engine: Pick<Engine, 'status' | 'savings'>): void;
}

export function createMetrics(clock: Clock): Metrics {
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register });

  const stages = new Histogram({
    name: 'dumont_stage_seconds',
    help: 'How long machines were in a state, by the state they went to',
    labelNames: ['stage', 'to'],
    buckets: STAGE_SECONDS,
    registers,
  });
  const wakes = new Histogram({
    name: 'dumont_wake_seconds',
    help: 'From the wish to a usable workspace',
    buckets: STAGE_SECONDS,
    registers,
  });
  const races = new Counter({
    name: 'dumont_races_total',
    help: 'Races that ended',
    labelNames: ['outcome'],
    registers,
  });
  const snapshots = new Counter({
    name: 'dumont_snapshots_total',
    help: 'Snapshots that were proved',
    labelNames: ['why'],
    registers,
  });
  const bytes = new Counter({ name: 'dumont_snapshot_bytes_total', help: 'What they held', registers });
  const alerts = new Counter({
    name: 'dumont_alerts_total',
    help: 'What people were called for',
    labelNames: ['event'],
    registers,
  });
  const stored = new Histogram({
    name: 'dumont_store_seconds',
    help: 'Calls of the store',
    labelNames: ['call'],
    buckets: CALL_SECONDS,
    registers,
  });
  const answers = new Histogram({
    name: 'dumont_http_seconds',
    help: 'Requests to the API',
    labelNames: ['method', 'route', 'status'],
    buckets: CALL_SECONDS,
    registers,
  });
  const heard = new Counter({
    name: 'dumont_heartbeats_total',
    help: 'Heartbeats of machines',
    labelNames: ['heard'],
    registers,
  });

  function timed<A extends unknown[], R>(call: string, act: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
    return async (...args) => {
      const began = performance.now();
      try {
        return await act(...args);
      } finally {
        stored.observe({ call }, (performance.now() - began) / 1_000);
      }
    };
  }

  return {
    saw(talk) {
      if (talk.event === 'machine.moved') stages.observe({ stage: talk.from, to: talk.to }, talk.ms / 1_000);
      else if (talk.event === 'workspace.usable') wakes.observe(talk.ms / 1_000);
      else if (talk.event === 'race.ended') races.inc({ outcome: talk.winner === null ? 'lost' : 'won' });
      else if (talk.event === 'snapshot.proved') {
        snapshots.inc({ why: talk.why });
        bytes.inc(talk.bytes);
      } else if (TROUBLE.has(talk.event)) alerts.inc({ event: talk.event });
    },

    store: (store) => ({
      read: timed('read', store.read.bind(store)) as Store['read'],
      list: timed('list', store.list.bind(store)) as Store['list'],
      save: timed('save', store.save.bind(store)) as Store['save'],
      remove: timed('remove', store.remove.bind(store)) as Store['remove'],
      claim: timed('claim', store.claim.bind(store)),
      unclaim: timed('unclaim', store.unclaim.bind(store)),
      lease: timed('lease', store.lease.bind(store)),
      unlease: timed('unlease', store.unlease.bind(store)),
    }),

    heard: (known) => heard.inc({ heard: known ? 'yes' : 'refused' }),

    watch(engine) {
      new Gauge({
        name: 'dumont_workspaces',
        help: 'Workspaces, by what people see of them',
        labelNames: ['status'],
        registers,
        async collect() {
          this.reset();
          for (const { sight } of await engine.status(null)) this.inc({ status: sight });
        },
      });
      new Gauge({
        name: 'dumont_burn_dollars_per_hour',
        help: 'What all machines cost right now',
        registers,
        async collect() {
          const views = await engine.status(null);
          this.set(views.reduce((sum, { dollarsPerHour }) => sum + dollarsPerHour, 0));
        },
      });
      new Gauge({
        name: 'dumont_month_dollars',
        help: 'What this month (UTC) cost until now, as `dumont savings` says it',
        labelNames: ['for'],
        registers,
        async collect() {
          const now = clock.now();
          const period = { from: spanAt('month', now).from, until: dayOf(now) + DAY_MS };
          const all = { workspace: null, user: null, period, baseline: { kind: 'offer' }, by: 'workspace' } as const;
          const { total } = await engine.savings(all);
          for (const purpose of CHARGED_FOR) this.set({ for: purpose }, total.paidFor[purpose] / MICRO);
        },
      });
      new Gauge({
        name: 'dumont_storage_bytes',
        help: 'What the backups of a workspace take, as last counted',
        labelNames: ['workspace', 'place'],
        registers,
        async collect() {
          this.reset();
          for (const { workspace, storage } of await engine.status(null)) {
            if (storage) this.set({ workspace: workspace.id, place: 'hot' }, storage.bytes);
            if (storage) this.set({ workspace: workspace.id, place: 'vault' }, storage.vaultBytes);
          }
        },
      });
      new Gauge({
        name: 'dumont_storage_dollars_per_month',
        help: 'What that costs as long as it stays so',
        labelNames: ['workspace'],
        registers,
        async collect() {
          this.reset();
          for (const { workspace, storage } of await engine.status(null))
            if (storage) this.set({ workspace: workspace.id }, storage.microPerMonth / MICRO);
        },
      });
      new Gauge({
        name: 'dumont_backup_age_seconds',
        help: 'Since the work of an awake workspace was last in storage',
        labelNames: ['workspace'],
        registers,
        async collect() {
          this.reset();
          for (const { workspace, pulse } of await engine.status(null)) {
            const at = pulse?.backup.durableAt;
            if (at != null) this.set({ workspace: workspace.id }, Math.max(0, clock.now() - at) / 1_000);
          }
        },
      });
    },

    answered: (method, route, status, ms) => answers.observe({ method, route, status }, ms / 1_000),
    text: async () => ({ type: register.contentType, body: await register.metrics() }),
    async all() {
      const metrics = await register.getMetricsAsJSON();
      // What was not measured yet is no number, and JSON knows no word for that.
      return metrics.map((one) => ({ ...one, values: one.values.filter(({ value }) => Number.isFinite(value)) }));
    },
  };
}

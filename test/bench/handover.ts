import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connect, Ports, Shell } from '../../engine/domain/ports.ts';
import { type Dumont, openDumont } from '../../engine/main.ts';
import { quantile } from '../../engine/policy/times.ts';
import { readConfig } from '../../engine/process/config.ts';
import { type Bench, target } from './bench.ts';

const WAKES = 7;
const ANA = { by: 'ana', key: null };
// biome-ignore lint/style/noProcessEnv: which restic, and where programs are, as whoever measures has it.
const { DUMONT_RESTIC, PATH } = process.env;
const SETTINGS = {
  DUMONT_RESTIC,
  PATH,
  DUMONT_PORT: '0',
  DUMONT_BATCH: '1',
  DUMONT_LOCAL_SPEED: '60',
  DUMONT_ROUND_SECONDS: '60',
};

/** The engine's own time between the moment the winner answers SSH and the moment its restore starts, on real machines. */
export const handover: Bench = {
  async run(say) {
    const home = await mkdtemp(join(tmpdir(), 'dumont-bench-'));
    const config = readConfig({ ...SETTINGS, DUMONT_HOME: home });
    const watch = new Watch();
    const own: number[] = [];
    const all: number[] = [];
    const dumont = await openDumont(config, say, (ports): Ports => ({ ...ports, connect: watch.over(ports.connect) }));
    try {
      await dumont.ports.kit();
      await dumont.engine.create('lab', {}, ANA);
      for (let wake = 1; wake <= WAKES; wake += 1) {
        say(`wake ${wake} of ${WAKES}`);
        watch.begin();
        await done(dumont, (await dumont.engine.wake('lab', {}, ANA)).id);
        all.push(watch.restoreAt - watch.answeredAt);
        own.push(watch.restoreAt - watch.answeredAt - watch.elsewhereMs);
        await done(dumont, (await dumont.engine.hibernate('lab', {}, ANA)).id);
      }
    } finally {
      await dumont.local.endAll();
      await dumont[Symbol.asyncDispose]();
      await rm(home, { recursive: true, force: true });
    }
    const p50 = quantile(own, 0.5);
    return [
      {
        title: `From "the winner answers SSH" to "its restore starts", ${WAKES} real wakes on this computer`,
        columns: ['what', 'P50 ms', 'min ms', 'max ms'],
        rows: [
          ['all of it: tools arrive, readiness, claim', quantile(all, 0.5), Math.min(...all), Math.max(...all)],
          ["the engine's own part of it", p50, Math.min(...own), Math.max(...own)],
        ],
        note: target("the engine's own time, without connecting and what runs on the machine,", p50, 300, 'ms'),
      },
    ];
  },
};

/** Notes what goes to a machine and for how long, from outside the engine. */
class Watch {
  answeredAt = 0;
  restoreAt = 0;
  /** Time spent connecting, or while a program ran on the machine, or in waiting for the boot script to end. */
  elsewhereMs = 0;
  #idleSince: number | null = null;

  begin(): void {
    this.answeredAt = 0;
    this.restoreAt = 0;
    this.elsewhereMs = 0;
    this.#idleSince = null;
  }

  over(connect: Connect): Connect {
    return async (address, hostKey, signal) => {
      const began = performance.now();
      const shell = await connect(address, hostKey, signal);
      if (this.answeredAt === 0) this.answeredAt = performance.now();
      else this.#elsewhere(began);
      return {
        ...shell,
        hostKey: shell.hostKey,
        run: this.#run(shell),
        upload: shell.upload,
        [Symbol.asyncDispose]: () => shell[Symbol.asyncDispose](),
      };
    };
  }

  #run(shell: Shell): Shell['run'] {
    return async (command, signal, onLine) => {
      const began = performance.now();
      if (command.argv[2] === 'restore' && this.restoreAt === 0) this.restoreAt = began;
      // The pause between two looks at the boot script waits for the machine, not for the engine.
      if (this.#idleSince !== null && command.argv[0] === 'tail') this.#elsewhere(this.#idleSince);
      try {
        return await shell.run(command, signal, onLine);
      } finally {
        this.#elsewhere(began);
        this.#idleSince = command.argv[0] === 'tail' ? performance.now() : null;
      }
    };
  }

  #elsewhere(began: number): void {
    if (this.restoreAt === 0) this.elsewhereMs += performance.now() - began;
  }
}

async function done(dumont: Dumont, operation: string): Promise<void> {
  for (;;) {
    const { endedAt, outcome } = await dumont.engine.operation(operation);
    if (endedAt === null) await new Promise((resolve) => setTimeout(resolve, 20));
    else if (outcome?.ok) return;
    else throw new Error(`${operation}: ${outcome?.say}`);
  }
}

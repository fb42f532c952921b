import { reasonOf } from '../../domain/failures.ts';
import type { Reading } from '../../domain/heartbeat.ts';
import type { Place } from '../place.ts';
import type { Census } from './census.ts';
import { type Kernels, kernelsOf, Refused } from './jupyter-kernels.ts';
import { type JupyterServer, openJupyterServers } from './jupyter-servers.ts';
import type { Timing } from './timing.ts';

/**
 * How many notebook kernels are busy, on all servers together, and when one was last used. What a server calls its own last
 * activity is not looked at: a page that is open keeps that fresh although nobody looks at it. That a page is open counts as an
 * editor that is open.
 */
export interface Jupyter extends Disposable {
  /** Asks those that are due; the answers are there at a later reading. */
  look(census: Census): void;
  reading(): Reading;
}

export function openJupyter(place: Place, timing: Timing): Jupyter {
  const servers = openJupyterServers(place);
  const closing = new AbortController();
  const known = new Map<number, Known>();
  let lastAt: number | null = null;

  const ask = async (server: JupyterServer, about: Known): Promise<void> => {
    try {
      const kernels = await kernelsOf(server, AbortSignal.any([closing.signal, about.patience.signal]));
      about.kernels = kernels;
      about.wrong = null;
      if (kernels.lastAt !== null) lastAt = Math.max(lastAt ?? 0, kernels.lastAt);
    } catch (cause) {
      about.wrong = about.patience.signal.aborted ? 'it does not answer' : reasonOf(cause);
      if (cause instanceof Refused) about.askAt = timing.steady() + REFUSED_MS;
    } finally {
      about.asking = false;
    }
  };

  return {
    look(census) {
      const running = servers.running(census);
      const pids = new Set(running.map(({ pid }) => pid));
      for (const pid of known.keys()) if (!pids.has(pid)) known.delete(pid);
      for (const server of running) {
        const about = known.get(server.pid) ?? unasked();
        known.set(server.pid, about);
        if (timing.steady() < about.askAt) continue;
        if (about.asking) {
          about.patience.abort();
          continue; // the end of it is noted there
        }
        about.asking = true;
        about.patience = new AbortController();
        about.askAt = timing.steady() + EVERY_MS;
        void ask(server, about);
      }
    },
    reading() {
      const all = [...known.values()];
      const busy = all.reduce((sum, { kernels, wrong }) => sum + (wrong === null ? (kernels?.busy ?? 0) : 0), 0);
      const wrong = all.find((one) => one.wrong !== null || one.kernels === null);
      // One that answers and is at work is reason enough.
      if (busy === 0 && wrong) return { value: null, lastAt, say: `Jupyter: ${wrong.wrong ?? 'it was not asked yet'}` };
      const kernels = all.reduce((sum, one) => sum + (one.kernels?.all ?? 0), 0);
      return { value: busy, lastAt, say: all.length === 0 ? '' : `${kernels} kernels on ${all.length} servers` };
    },
    [Symbol.dispose]: () => closing.abort(new Error('closed')),
  };
}

interface Known {
  kernels: Kernels | null;
  wrong: string | null;
  asking: boolean;
  /** By the steady clock; not before. */
  askAt: number;
  patience: AbortController;
}

const unasked = (): Known => ({
  kernels: null,
  wrong: null,
  asking: false,
  askAt: 0,
  patience: new AbortController(),
});

/** One that has not answered by the time it would be asked again does not answer. */
const EVERY_MS = 15_000;
const REFUSED_MS = 300_000;

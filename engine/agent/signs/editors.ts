import type { Reading } from '../../domain/heartbeat.ts';
import { ioOf, type Span } from './census.ts';
import { openCommandLines } from './command-lines.ts';
import { connectionsTo } from './connections.ts';
import { editorOf } from './editor-names.ts';
import type { Timing } from './timing.ts';

/**
 * Connections to editors that run on the machine for somebody who sits elsewhere, and when something last went over one. Of
 * that, what the editor's programs wrote is the measure: an editor that nobody touches goes on reading, since it looks for
 * open ports and changed files all the time, but has next to nothing to say. The kernel counts what is written with `write`,
 * as node and Java do; who uses `send`, as Python and Rust do, shows only by what it writes to files and pipes.
 */
export function openEditors(timing: Timing): { sample(span: Span): void; reading(): Reading } {
  const commands = openCommandLines();
  let lastAt: number | null = null;
  let connections = 0;
  let names: readonly string[] = [];
  const writtenUntil = new Map<string, number>();
  /** Asked anew each time: a few keys cost less processor time than the kernel can count. */
  const writtenBy = (key: string, pid: number): number => {
    const now = ioOf(pid)?.written ?? 0;
    const before = writtenUntil.get(key) ?? now;
    writtenUntil.set(key, now);
    return Math.max(0, now - before);
  };
  return {
    sample({ before, after }) {
      commands.follow(after);
      const editors = [...after.people].filter(([key]) => editorOf(commands.of(key)) !== null);
      const owners = editors.map(([key, { row }]) => ({ pid: row.pid, command: commands.of(key) }));
      names = [...new Set(owners.map(({ command }) => editorOf(command)!))].toSorted();
      const open = owners.length === 0 ? 0 : connectionsTo(owners);
      const written = editors.reduce((sum, [key, { row }]) => sum + writtenBy(key, row.pid), 0);
      for (const key of writtenUntil.keys()) if (!after.people.has(key)) writtenUntil.delete(key);
      const noise = (NOISE_BYTES_PER_SECOND * (after.at - before.at)) / 1000;
      if (open > connections || (open > 0 && written > noise)) lastAt = timing.now();
      connections = open;
    },
    reading: () => ({ value: connections, lastAt, say: connections > 0 ? names.join(', ') : '' }),
  };
}

/** Signs that a connection still stands, and pages that ask every few seconds whether there is news. */
const NOISE_BYTES_PER_SECOND = 512;

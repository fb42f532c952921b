import { AGENT, AGENT_HOME, BOOT } from '../domain/agent-protocol.ts';
import type { Command, Kit, Output, Tool } from '../domain/ports.ts';

const PATHS: Readonly<Record<Tool['name'], string>> = { node: AGENT.node, agent: AGENT.program, restic: AGENT.restic };

/** How far the boot script is. Cheap, so it can be asked often: machines are busiest just then. */
export function bootEnd(): Command {
  return { argv: ['tail', '-n', '+1', BOOT.done, BOOT.failed], timeoutMs: 10_000 };
}

/** How much of the tools lies there, in part or whole. */
export function arrivedSoFar(): Command {
  return { argv: ['du', '-sk', `/${AGENT_HOME}`], timeoutMs: 10_000 };
}

/** In kB; null where nobody can say. */
export function readArrived(output: Output): number | null {
  const kilobytes = /^(\d+)\s/.exec(output.stdout)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes);
}

/** Runs the boot script once more: what it has already it does not fetch again. */
export function bootAgain(timeoutMs: number): Command {
  return { argv: ['sh', BOOT.script], timeoutMs };
}

/** What the boot script left: null while it runs on, else whether it has all tools, and what it said. */
export function readBootEnd(output: Output): { readonly done: boolean; readonly words: string } | null {
  const parts = new Map(
    output.stdout
      .split(/^==> (.*) <==$/m)
      .slice(1)
      .map((part, i, all) => [part, (all[i + 1] ?? '').trim()]),
  );
  if (parts.has(BOOT.done)) return { done: true, words: parts.get(BOOT.done) ?? '' };
  if (parts.has(BOOT.failed)) return { done: false, words: parts.get(BOOT.failed) ?? '' };
  return null;
}

/** Hashes the tools where they lie. They appear under these names only when they are whole. */
export function checkTools(kit: Kit): Command {
  return { argv: ['sha256sum', ...kit.tools.map((tool) => PATHS[tool.name])], timeoutMs: 20_000 };
}

/** Which of the tools are not there, or are not the ones we mean. */
export function missingTools(kit: Kit, output: Output): readonly Tool['name'][] {
  const found = new Map(
    output.stdout.split('\n').map((line) => {
      const [sha256 = '', path = ''] = line.split(/\s+\*?/, 2);
      return [path, sha256] as const;
    }),
  );
  return kit.tools.filter((tool) => found.get(PATHS[tool.name]) !== tool.sha256).map((tool) => tool.name);
}

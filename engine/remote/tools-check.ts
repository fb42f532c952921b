import { AGENT } from '../domain/agent-protocol.ts';
import type { Command, Kit, Output, Tool } from '../domain/ports.ts';

const PATHS: Readonly<Record<Tool['name'], string>> = { node: AGENT.node, agent: AGENT.program, restic: AGENT.restic };

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

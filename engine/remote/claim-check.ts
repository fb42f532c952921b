import { AGENT_HOME } from '../domain/agent-protocol.ts';
import type { Command, Output } from '../domain/ports.ts';

/** The agent writes this file before the first file of a workspace arrives. Without it a machine never held any work. */
export function readClaim(): Command {
  return { argv: ['cat', `/${AGENT_HOME}/claim.json`], timeoutMs: 10_000 };
}

/** True when the machine was never given to a workspace; anything but a plain "no such file" counts as a claim. */
export function neverClaimed(output: Output): boolean {
  return output.code !== 0 && /no such file/i.test(output.stderr);
}

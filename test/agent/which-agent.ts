import { AGENT_ENTRY } from '../../engine/tools/bundle-agent.ts';

/** As one file, as on a machine, where the tests made one: it starts in a fifth of the time that its sources need. */
// biome-ignore lint/style/noProcessEnv: the global setup says it this way
export const agentProgram: string = process.env.DUMONT_AGENT ?? AGENT_ENTRY;

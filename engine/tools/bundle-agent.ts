import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the agent begins. */
export const AGENT_ENTRY = fileURLToPath(new URL('../agent/agent.ts', import.meta.url));

export interface Bundle {
  readonly bytes: Uint8Array;
  /** Every file that went into it. */
  readonly inputs: readonly string[];
}

/** The agent as one file for the Node that travels with it. Equal sources make equal bytes, wherever they lie. */
export async function bundleAgent(entry: string): Promise<Bundle> {
  const { buildSync } = await import('esbuild'); // not loaded by a start that finds its kit ready
  const folder = dirname(entry);
  const { outputFiles, metafile } = buildSync({
    entryPoints: [entry],
    absWorkingDir: folder,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minifyWhitespace: true,
    minifySyntax: true, // but names stay, so that an error on a machine can be read
    tsconfigRaw: {},
    logLevel: 'silent',
  });
  const [program] = outputFiles;
  if (!program) throw new Error(`esbuild made nothing of ${entry}`);
  return { bytes: program.contents, inputs: Object.keys(metafile.inputs).map((path) => resolve(folder, path)) };
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { AGENT_ENTRY, bundleAgent } from '../engine/tools/bundle-agent.ts';
import { resolveRestic } from '../engine/tools/resolve-restic.ts';

const RESTIC_MS = 9 * 60_000;

/** Before any test needs them: restic, and the agent as one file, since hundreds of them are started. */
export async function setup(project: TestProject): Promise<() => void> {
  await bringRestic();
  const folder = mkdtempSync(join(tmpdir(), 'dumont-tests-'));
  const program = join(folder, 'agent.mjs');
  const bundle = async (): Promise<void> => writeFileSync(program, (await bundleAgent(AGENT_ENTRY)).bytes);
  await bundle();
  project.onTestsRerun(bundle);
  const { env } = process;
  env.DUMONT_AGENT = program;
  return () => rmSync(folder, { recursive: true, force: true });
}

/** With the product's own resolver. Without it the tests that drive the real one skip themselves and say so. */
async function bringRestic(): Promise<void> {
  const { env } = process;
  const wanted = {
    setting: env.DUMONT_RESTIC ?? null,
    folder: join(import.meta.dirname, '..', '.dumont', 'tools'),
    searchPath: env.PATH ?? '',
    onProgress: said(),
  };
  try {
    env.DUMONT_RESTIC = (await resolveRestic(wanted, AbortSignal.timeout(RESTIC_MS))).path;
  } catch (cause) {
    if (env.DUMONT_TEST_STRICT) throw cause;
    console.warn(`\nSKIPPED: everything that needs restic. ${cause instanceof Error ? cause.message : cause}\n`);
  }
}

function said(): () => void {
  let once = false;
  return () => {
    if (!once) console.log('Bringing restic for the tests; this takes a minute, once.');
    once = true;
  };
}

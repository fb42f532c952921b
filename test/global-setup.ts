import { join } from 'node:path';
import { resolveRestic } from '../engine/tools/resolve-restic.ts';

const RESTIC_MS = 9 * 60_000;

/**
 * Finds or brings restic once, with the product's own resolver, before any test needs it. Without it the tests that drive
 * the real one skip themselves and say so.
 */
export async function setup(): Promise<void> {
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

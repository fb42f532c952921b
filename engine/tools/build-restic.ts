import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { reasonOf } from '../domain/failures.ts';
import { RESTIC_VERSION } from './restic-release.ts';

/**
 * Builds restic from the sources that Go's checksum database vouches for, with the switches of the official release: a
 * static program, since it travels to machines with other libraries. The module is named as a dependency of a scratch one
 * because that asks a module proxy for nothing but this version.
 */
export async function buildRestic(go: string, scratch: string, target: string, signal: AbortSignal): Promise<void> {
  await writeFile(join(scratch, 'go.mod'), MODULE);
  const flags = ['-mod=mod', '-trimpath', '-tags=disable_grpc_modules', '-ldflags=-s -w', '-o', target];
  try {
    await promisify(execFile)('/bin/sh', ['-c', ENVIRONMENT, 'sh', go, 'build', ...flags, PACKAGE], {
      cwd: scratch,
      signal,
      timeout: BUILD_MS,
      maxBuffer: OUTPUT_BYTES_MAX,
    });
  } catch (cause) {
    signal.throwIfAborted();
    throw new Error(`${go} could not build it: ${lastLines(cause)}`, { cause });
  }
}

/** The sources may ask for a newer Go than this one, which Go then fetches by itself unless the user's environment forbids it. */
const ENVIRONMENT = '[ "$GOTOOLCHAIN" ] || export GOTOOLCHAIN=auto; CGO_ENABLED=0 exec "$@"';
const PACKAGE = 'github.com/restic/restic/cmd/restic';
const MODULE = `module dumont/restic\n\ngo 1.24\n\nrequire github.com/restic/restic v${RESTIC_VERSION}\n`;
const BUILD_MS = 20 * 60_000;
const OUTPUT_BYTES_MAX = 4 * 1024 * 1024;

function lastLines(cause: unknown): string {
  const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : '';
  return said === '' ? reasonOf(cause) : said.split('\n').slice(-3).join(' ');
}

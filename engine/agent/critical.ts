import type { ManifestLine } from '../domain/agent-protocol.ts';

/**
 * What a person needs before they can start: keys, dotfiles, code, and environments with everything in them. That is
 * everything but large files outside of environments, which are data: models, checkpoints, media.
 */
export function isCritical(line: ManifestLine): boolean {
  return line.type !== 'file' || line.sizeBytes <= LARGE_BYTES || ENVIRONMENT.test(line.path);
}

const LARGE_BYTES = 16 * 1024 * 1024;
const ENVIRONMENT = /\/(lib\/python[^/]*\/(site|dist)-packages|[^/]*(conda|mamba)[^/]*|\.?v?envs?|bin|\.ssh)\//;

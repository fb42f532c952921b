import { Failure } from '../domain/failures.ts';
import { rawPath } from '../domain/wire-path.ts';
import type { IgnoreFiles, Layer } from './ignore-files.ts';
import { type BadLine, ignoreRules, rulesIn } from './ignore-rules.ts';
import { STAGING } from './place.ts';

/**
 * Left out unless somebody brings it back with a `!` line. What was changed outside of the backed-up directories is saved too;
 * the pattern `/`, which means nothing else, switches that off.
 */
export const DEFAULT_EXCLUDES = ['/tmp/', '*.pyc', '__pycache__/', '**/.git/objects/', 'node_modules/', '*.log'];

export const NOWHERE_ELSE = '/';

/** Which rule leaves a path out; null when it belongs to the backup. */
export type Matcher = (path: string, directory: boolean) => Exclusion | null;

export interface Exclusion {
  readonly by: 'default' | 'order' | 'file' | 'ours';
  readonly line: string;
}

/**
 * The one place that decides what belongs to a backup. The first that has a rule wins: the `.dumontignore` beside the path,
 * those of the directories above it up to the backed-up one, the workspace's own patterns (relative to the machine's root),
 * the defaults.
 */
export function matcherOf(exclude: readonly string[], files: IgnoreFiles, home: string | null): Matcher {
  const everywhere: readonly Layer[] = [
    { by: 'order', base: '', rules: exclude.flatMap((wire) => ignoreRules(oneLine(wire))) },
    { by: 'default', base: '', rules: ignoreRules(DEFAULT_EXCLUDES.join('\n')) },
  ];
  const deciding = (layers: readonly Layer[], path: string, name: string, directory: boolean) => {
    for (const { by, base, rules } of layers) {
      const rule = rules.findLast((one) => one.matches(path.slice(base.length), name, directory));
      if (rule) return { by, rule };
    }
    return null;
  };
  return (path, directory) => {
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    if (name === STAGING || path === home) return { by: 'ours', line: '' };
    const beside = files.layersIn(path.slice(0, Math.max(slash, 0)));
    const found = deciding(beside, path, name, directory) ?? deciding(everywhere, path, name, directory);
    return found === null || found.rule.keeps ? null : { by: found.by, line: found.rule.line };
  };
}

/** Lines of the workspace's own patterns that can never match anything; each is numbered by its place among them. */
export function badExcludes(exclude: readonly string[]): readonly BadLine[] {
  return exclude.flatMap((wire, index) => rulesIn(oneLine(wire)).bad.map((bad) => ({ ...bad, number: index + 1 })));
}

function oneLine(wire: string): string {
  if (wire.includes('\n')) throw new Failure('bad_request', { why: 'a pattern holds a line break' });
  return rawPath(wire);
}

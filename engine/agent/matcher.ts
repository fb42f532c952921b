import { Failure } from '../domain/failures.ts';
import { rawPath } from '../domain/wire-path.ts';
import { type IgnoreRule, ignoreRules } from './ignore-rules.ts';
import { STAGING } from './place.ts';

/** Left out unless somebody brings it back with a `!` line. */
export const DEFAULT_EXCLUDES = ['/tmp/', '*.pyc', '__pycache__/', '**/.git/objects/', 'node_modules/', '*.log'];
export const IGNORE_FILE = '.dumontignore';

/** Which rule leaves a path out; null when it belongs to the backup. */
export type Matcher = (path: string, directory: boolean) => Exclusion | null;

export interface Exclusion {
  readonly by: 'default' | 'order' | 'file' | 'ours';
  readonly line: string;
}

/**
 * The one place that decides what belongs to a backup. The first that has a rule wins: the `.dumontignore` of the
 * backed-up directory that the path lies in, the workspace's own patterns (relative to the machine's root), the defaults.
 */
export function matcherOf(
  exclude: readonly string[],
  files: ReadonlyMap<string, string>,
  home: string | null,
): Matcher {
  const ofRoots: readonly Layer[] = [...files].map(([root, text]) => ({
    by: 'file',
    base: `${root}/`,
    rules: ignoreRules(text),
  }));
  const layers: readonly Layer[] = [
    ...ofRoots,
    { by: 'order', base: '', rules: exclude.flatMap(oneRule) },
    { by: 'default', base: '', rules: ignoreRules(DEFAULT_EXCLUDES.join('\n')) },
  ];
  return (path, directory) => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (name === STAGING || path === home) return { by: 'ours', line: '' };
    for (const { by, base, rules } of layers) {
      if (!path.startsWith(base)) continue;
      const rule = rules.findLast((one) => one.matches(path.slice(base.length), name, directory));
      if (rule) return rule.keeps ? null : { by, line: rule.line };
    }
    return null;
  };
}

interface Layer {
  readonly by: Exclusion['by'];
  readonly base: string;
  readonly rules: readonly IgnoreRule[];
}

function oneRule(wire: string): readonly IgnoreRule[] {
  if (wire.includes('\n')) throw new Failure('bad_request', { why: 'a pattern holds a line break' });
  return ignoreRules(rawPath(wire));
}

import { Failure } from '../domain/failures.ts';
import type { Machine } from '../domain/lifecycle.ts';
import { notBackedUp, sightOf, WORKSPACE_NAME, type Workspace } from '../domain/workspace.ts';

export function checkHeld(path: string, { spec }: Workspace): void {
  const why = notBackedUp(path, spec);
  if (why) throw new Failure('bad_path', { path: `/${path}`, why });
}

export function busy(workspace: Workspace, machine: Machine | null): Failure {
  const sight = sightOf(workspace, machine);
  if (sight === 'awake' || sight === 'usable') return new Failure('workspace_awake', { workspace: workspace.id });
  return new Failure('workspace_busy', { workspace: workspace.id, sight });
}

export function checkName(name: string): void {
  if (WORKSPACE_NAME.test(name)) return;
  throw new Failure('bad_request', {
    why: `"${name}" is not a name for a workspace: small letters, digits and dashes, a letter first, 40 at most`,
  });
}

import assert from 'node:assert';

/** The names that Cloudflare shows, `dumont-prod-vault`. Made here, since it wants them from us and never changes one. */
export function nameOf(project: string, stack: string, purpose: string): string {
  const name = `${project}-${stack}-${purpose}`;
  assert(fits(name), `"${name}" is no name for a bucket`);
  return name;
}

/** What is wrong with a stack's name, as our names are made with it; null when nothing is. */
export function stackMistake(project: string, stack: string): string | null {
  if (fits(`${project}-${stack}-${LONGEST}`)) return null;
  const room = NAME_MAX - project.length - LONGEST.length - 2;
  return `the stack "${stack}" gives its name to buckets: use at most ${room} lower-case letters, digits and inner hyphens`;
}

const LONGEST = 'tunnel';
const NAME_MAX = 63;

function fits(name: string): boolean {
  return name.length <= NAME_MAX && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name);
}

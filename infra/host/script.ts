import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Step } from './step.ts';

/**
 * The programs that run on the host. Each goes to a shell's standard input as a whole, secrets included: no argument and
 * no file of the host's shows them, but for those that are meant to hold them.
 */
const WORDS = readFileSync(join(import.meta.dirname, 'words.sh'), 'utf8');

/** Looks at every step and changes nothing: `ok` or `todo` and its number for each. */
export function lookScript(steps: readonly Step[]): string {
  const looks = steps.map((_, i) => `if check_${i} >/dev/null 2>&1; then echo 'ok ${i}'; else echo 'todo ${i}'; fi`);
  return program(steps, `facts\n${looks.join('\n')}`);
}

/**
 * Makes what is to be made, in order, and stops at the first that cannot be: `did` or `failed` and its number. A firewall on
 * trial is the affair of one `operation`: no other may begin meanwhile.
 */
export function makeScript(steps: readonly Step[], operation: string): string {
  return program(steps, `alone ${operation}\nbegin\n${steps.map((_, i) => `step ${i}`).join('\n')}\necho done`);
}

/** After somebody came in anew through the firewall that is on trial. */
export function confirmScript(operation: string): string {
  return program([], `alone ${operation}\nconfirm_firewall`);
}

/** Takes it all down again. The engine's state stays unless it is to be purged; so does what it copied away. */
export function removeScript(purge: boolean, operation: string): string {
  return program([], `alone ${operation}\nremove_all ${purge ? 'purge' : 'keep'}`);
}

/** A shell reads its program while it runs it, so all of it is in functions before the first line acts. */
function program(steps: readonly Step[], main: string): string {
  const functions = steps.map(({ check, make }, i) => `check_${i}() { ${check}; }\nmake_${i}() {\n${make}\n}`);
  return `${WORDS}\n${functions.join('\n')}\nmain() {\n${main}\n}\nmain </dev/null\nexit $?\n`;
}

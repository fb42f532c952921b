/**
 * For `node --import`: the wall clock of the program that starts with it goes as far ahead as a file says, in
 * milliseconds, and jumps when the file changes. The kernel's own clock, and with it the times of files, stays: nobody
 * moves that of one machine without moving the whole computer's.
 */
export function shiftedClock(file: string): string {
  return `data:text/javascript,${encodeURIComponent(SOURCE.replace('FILE', JSON.stringify(file)))}`;
}

const SOURCE = `
import { readFileSync } from 'node:fs';
const Real = Date;
let [shift, readAt] = [0, -Infinity];
function now() {
  if (performance.now() - readAt > 100) {
    readAt = performance.now();
    try { shift = Number(readFileSync(FILE, 'utf8')) || 0; } catch { shift = 0; }
  }
  return Real.now() + shift;
}
globalThis.Date = new Proxy(Real, {
  construct: (target, args, as) => Reflect.construct(target, args.length > 0 ? args : [now()], as),
  apply: () => new Real(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});
`;

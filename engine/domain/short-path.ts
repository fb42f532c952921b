/** For sentences: a path may have 4,096 bytes. Its beginning and its end say most. */
export function shortPath(wire: string): string {
  if (wire.length <= LETTERS) return wire;
  const half = Math.floor((LETTERS - 1) / 2);
  return `${wire.slice(0, half).toWellFormed()}…${wire.slice(-half).toWellFormed()}`;
}

const LETTERS = 120;

/** Said of a word that is no trap, with those that are. */
export function noSuchTrap(word: string, traps: Readonly<Record<string, string>>): Error {
  return new Error(`There is no trap "${word}". There are:\n${trapList(traps)}`);
}

export function trapList(traps: Readonly<Record<string, string>>): string {
  const width = Math.max(...Object.keys(traps).map((name) => name.length));
  return Object.entries(traps)
    .map(([name, what]) => `  ${name.padEnd(width)}  ${what}`)
    .join('\n');
}

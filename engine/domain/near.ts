/** The known names that somebody may have meant, nearest first. */
export function near(given: string, known: readonly string[]): readonly string[] {
  const mistakesMax = Math.max(1, Math.floor(given.length / 3));
  return known
    .map((name) => ({ name, mistakes: name.startsWith(given) && given.length > 1 ? 0.5 : mistakes(given, name) }))
    .filter((each) => each.mistakes <= mistakesMax)
    .toSorted((a, b) => a.mistakes - b.mistakes)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** `Did you mean "lab"?`, or nothing. */
export function didYouMean(given: string, known: readonly string[]): string {
  const names = near(given, known).map((name) => `"${name}"`);
  return names.length === 0 ? '' : ` Did you mean ${names.join(' or ')}?`;
}

/** Letters to add, drop, change or swap with their neighbour (optimal string alignment). */
function mistakes(a: string, b: string): number {
  const rows: number[][] = [[...Array(b.length + 1).keys()]];
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i += 1) {
    rows[i] = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const best = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same);
      (rows[i] as number[])[j] = swapped ? Math.min(best, at(i - 2, j - 2) + 1) : best;
    }
  }
  return at(a.length, b.length);
}

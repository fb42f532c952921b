/**
 * Restic's own patterns differ from .gitignore and each one is tried on every file, so they are never asked to decide
 * anything: our walk has decided, and this writes down exactly what it left out, in few patterns. A short pattern (`*.pyc`)
 * stands for many paths only where nothing that belongs to the backup matches it, neither a name nor a folder above it.
 *
 * Paths are raw; `base` is what stands before them in the paths that restic sees.
 */
export function patternsFor(left: readonly string[], kept: Iterable<string>, base: string): readonly string[] {
  if (left.length === 0) return [];
  const names = new Set(base.split('/'));
  const endings = new Set([...names].map(endingOf));
  const folders = new Map<string, Set<string>>();
  for (const path of kept) {
    const name = nameOf(path);
    const ending = endingOf(name);
    names.add(name);
    endings.add(ending);
    const folder = folderOf(path);
    const inside = folders.get(folder);
    if (inside) inside.add(ending);
    else folders.set(folder, new Set([ending]));
  }
  const often = new Set([...Map.groupBy(left, nameOf)].flatMap(([name, paths]) => (paths.length > 1 ? [name] : [])));
  const patterns = new Set<string>();
  for (const path of left) {
    const name = nameOf(path);
    const ending = endingOf(name);
    const folder = folderOf(path);
    const inside = `${base}/${folder}${folder === '' ? '' : '/'}`;
    if (ending !== '' && !endings.has(ending)) patterns.add(`*${ending}`);
    else if (often.has(name) && !names.has(name) && isPlain(name)) patterns.add(name);
    else if (!folders.has(folder)) patterns.add(`${patternFor(inside)}*`);
    else if (ending !== '' && !folders.get(folder)?.has(ending)) patterns.add(`${patternFor(inside)}*${ending}`);
    else patterns.add(patternFor(`${inside}${name}`));
  }
  return [...patterns];
}

/** As `--exclude-file` and `--include-file` read them. The first line keeps a pattern from being taken for a byte order mark. */
export function patternFile(patterns: readonly string[]): Buffer {
  return Buffer.from(`${['# written anew for each run', ...patterns].join('\n')}\n`, 'latin1');
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const folderOf = (path: string): string => path.slice(0, Math.max(path.lastIndexOf('/'), 0));

function endingOf(name: string): string {
  const dot = name.lastIndexOf('.');
  const ending = dot > 0 ? name.slice(dot) : '';
  return isPlain(ending) ? ending : '';
}

/** Means only itself, in a pattern and in the file of patterns. */
function isPlain(name: string): boolean {
  return /^[\w.+=@,~-]*$/.test(name);
}

/**
 * Means this path alone, byte for byte. A `$` would be expanded and blanks at the end of a line cut off; a line break cannot
 * stand in a line at all, but a set of every character except it can.
 */
export function patternFor(raw: string): string {
  return raw
    .replace(/[\\*?[]/g, '\\$&')
    .replace(/\$/g, '$$$$')
    .replace(
      /(?:[\t\v\f\r ]|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80)$/,
      '[$&]',
    )
    .replace(/\n/g, LINE_BREAK);
}

/** Everything but the line break, up to the last character there is, and then not that. */
const LINE_BREAK = `[^\x01-\x09\x0b-${Buffer.from('\u{10ffff}').toString('latin1')}]`;

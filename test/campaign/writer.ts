import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Dice } from '../simulation/dice.ts';
import { digestOf, type History } from './history.ts';

/** Where the program on the machine writes; everything else below /workspace is ours. */
export const TICKS = 'ticks';

/**
 * Works on a machine as people do: makes, changes, moves and removes files below its /workspace, and notes each. It does
 * so from outside, so that it knows what was written even when the machine is gone.
 */
export interface Writer extends Disposable {
  pause(): void;
  goOn(): void;
  /** One more change, at once; false while nothing can be written. */
  once(): boolean;
  /** How many changes there were, and how many the disk had no room for. */
  readonly made: () => number;
  readonly refused: () => number;
}

export function openWriter(root: string, history: History, dice: Dice): Writer {
  const at = (path: string): string => join(root, 'workspace', path);
  let paused = true;
  let [made, refused] = [0, 0];

  const once = (): boolean => {
    if (!existsSync(join(root, 'workspace'))) return false; // the machine is gone
    const act = history.now().size > FILES_MAX ? remove : dice.pick(ACTS);
    try {
      act();
      made += 1;
      return true;
    } catch (cause) {
      refused += 1;
      const { code } = cause as NodeJS.ErrnoException;
      if (code !== 'ENOSPC' && code !== 'ENOENT') throw cause;
      return false;
    }
  };

  const noted = (paths: readonly string[], act: () => void): void => {
    const began = Date.now();
    try {
      act();
    } finally {
      // What a full disk made of it counts, whatever that is.
      if (existsSync(at('')))
        history.wrote(new Map(paths.map((path) => [path, digestAt(at(path))])), began, Date.now());
    }
  };
  const put = (path: string): void => {
    const draft = join(root, 'tmp', 'draft');
    writeFileSync(draft, content());
    noted([path], () => {
      mkdirSync(dirname(at(path)), { recursive: true });
      renameSync(draft, at(path));
    });
  };
  const content = (): string => {
    const words = `${dice.roll()}\n`.repeat(dice.tail(1, 2_000));
    return `${made} ${words}`;
  };
  const create = (): void => put(`w/part-${dice.between(0, 8)}/file-${dice.between(0, 1_000_000)}`);
  const known = (): string | null => {
    const paths = [...history.now().keys()].filter((path) => path.startsWith('w/'));
    return paths.length > 0 ? dice.pick(paths) : null;
  };
  const replace = (): void => put(known() ?? 'w/first');
  const append = (): void => {
    const path = known();
    if (path === null) create();
    else noted([path], () => appendFileSync(at(path), `${dice.roll()}\n`));
  };
  const remove = (): void => {
    const path = known();
    if (path !== null) noted([path], () => rmSync(at(path)));
  };
  const rename = (): void => {
    const path = known();
    if (path === null) return;
    const to = `w/moved/file-${dice.between(0, 1_000_000)}`;
    noted([path, to], () => {
      mkdirSync(dirname(at(to)), { recursive: true });
      renameSync(at(path), at(to));
    });
  };
  const renameFolder = (): void => {
    const folders = readdirSync(at('w')).filter((name) => name.startsWith('part-'));
    if (folders.length === 0) return;
    const from = `w/${dice.pick(folders)}`;
    const to = `w/part-${dice.between(8, 1_000)}`;
    if (existsSync(at(to))) return;
    const inside = [...history.now().keys()].filter((path) => path.startsWith(`${from}/`));
    noted([...inside, ...inside.map((path) => path.replace(from, to))], () => renameSync(at(from), at(to)));
  };
  const ACTS = [create, create, create, create, replace, replace, append, append, remove, rename, renameFolder];

  const timer = setInterval(() => {
    if (!paused && dice.maybe(0.5)) once();
  }, EVERY_MS);
  return {
    pause: () => {
      paused = true;
    },
    goOn: () => {
      paused = false;
    },
    once,
    made: () => made,
    refused: () => refused,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** All files below a machine's /workspace, or a restored one. */
export function contentBelow(workspace: string): { readonly files: Map<string, string>; readonly ticks: string } {
  const files = new Map<string, string>();
  for (const entry of readdirSync(workspace, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name).slice(workspace.length + 1);
    if (path !== TICKS) files.set(path, digestOf(readFileSync(join(workspace, path))));
  }
  return { files, ticks: existsSync(join(workspace, TICKS)) ? readFileSync(join(workspace, TICKS), 'latin1') : '' };
}

function digestAt(file: string): string | null {
  return existsSync(file) ? digestOf(readFileSync(file)) : null;
}

const EVERY_MS = 60;
const FILES_MAX = 250;

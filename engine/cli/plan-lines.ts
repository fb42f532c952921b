import type { RestorePlanJson } from '../http/json/restore-plan.ts';
import { localTime } from './local-time.ts';
import { restorePriceWords } from './restore-price.ts';
import { bytes, plural, short } from './words.ts';

/** What a restore would bring, and what it would meet. `beside`: into a directory of its own. */
export function planLines(
  { files, bytes: size, on_machine: there, sets_aside: aside, price }: RestorePlanJson,
  beside: boolean,
): string[] {
  const what = `  ${plural(files, 'file')}, ${bytes(size)}`;
  if (!there) {
    const left =
      aside &&
      `  ${short(aside.snapshot_id)} of ${localTime(aside.created_at)}, the newest, is left behind and stays ${aside.until === null ? 'pinned' : `until ${localTime(aside.until)}`}`;
    return [`${what}. A new machine has nothing that could be overwritten.`, ...(left ? [left] : [])];
  }
  const { same, in_the_way: inTheWay, in_the_way_bytes: inTheWayBytes, rounds } = there;
  return [
    same === 0 ? what : `${what}; ${same} of them there already as they were`,
    inTheWay === 0
      ? '  overwrites nothing that is there now'
      : beside
        ? `  ${plural(inTheWay, 'file')} of that name there already: kept, with the copy beside`
        : `  overwrites ${plural(inTheWay, 'file')}, ${bytes(inTheWayBytes)}, after a checkpoint that holds what is there now`,
    rounds === 1
      ? '  staged: all of it is fetched and compared before the first file is replaced'
      : `  in place, in ${rounds} parts, each compared before it takes its place, since there is no room for all of it twice; cut off, it goes on where it was`,
    `  ${restorePriceWords(price)}`,
  ];
}

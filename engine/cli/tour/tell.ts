import { painter, type Screen } from '../screen.ts';
import { fold } from './fold.ts';

/** What the tour says while it goes on: a heading and why for each chapter, and what came of it. */
export interface Teller {
  chapter(title: string, why: string): void;
  /** Done, and the facts of it. */
  done(line: string): void;
  say(line: string): void;
}

export function teller(screen: Screen, chapters: number): Teller {
  const { progress } = screen;
  const paint = painter(progress);
  const columns = () => progress.columns ?? Number.POSITIVE_INFINITY;
  let number = 0;
  return {
    chapter(title, why) {
      number += 1;
      const head = `${paint('cyan', `${number}/${chapters}`)} ${paint('bold', title)}`;
      const lines = fold('    ', why, 4, columns());
      screen.note('', head, ...lines.map((line) => paint('dim', line)));
    },
    done(line) {
      const lines = fold('  ✓ ', line, 4, columns());
      screen.note(...lines.map((each) => paint('green', each)));
    },
    say(line) {
      const lines = fold('    ', line, 4, columns());
      screen.note(...lines.map((each) => paint('dim', each)));
    },
  };
}

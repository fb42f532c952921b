import { VERBS } from '../domain/verbs.ts';
import { NPM } from './home.ts';

/** How this program was called, so that a line that says what to type next can be typed as it stands. */
export const CALLED = NPM.command === 'exec' ? 'npx dumont' : NPM.script === 'dumont' ? 'npm run dumont --' : 'dumont';

const WORDS = [...Object.keys(VERBS), 'local', 'discord', 'tour', 'help', 'COMMAND'].join('|');
const LINE = new RegExp(`(?<![\\w./-]|npx |npm run )dumont (?=(?:${WORDS})\\b)`, 'g');

/** A text with every `dumont wake lab` in it as it must be typed here. Done twice it does nothing more. */
export function asCalled(text: string, called: string): string {
  return called === 'dumont' ? text : text.replace(LINE, `${called} `);
}

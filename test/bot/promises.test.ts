import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** What a bot owes to people when Discord, the network or the engine are not well; the tests say which they prove. */
const PROMISES = [
  'whatever is done is acknowledged within 3 s by a slow engine, nearly always within half a second',
  'it is acknowledged by a dead engine as well, and the error has a reference that the log has',
  'nothing that Discord refuses brings any handler down',
  'an operation outlives the word of its interaction',
  'a connection that was cut goes on where it was, and what is sent again is done once',
  'a new session does nothing twice; health is red meanwhile',
  'a connection that never heals is told to whoever watches over the process',
  'no request is made that would be refused: under one in a hundred is',
  'an answer of Discord that was lost means one effect and one message',
  'what two processes hear is one operation',
  'a restart finds its panels, and old buttons work',
  'a question is for one person, once, and not for long',
  'who may is decided by role, place and kind of installation',
  'every answer is there in English and Brazilian Portuguese; whoever reads neither reads English',
  'nothing is longer than Discord takes',
  'commands are registered once',
];

test('each promise has a test that names it', () => {
  const texts = globSync('*.test.ts', { cwd: import.meta.dirname }).map((file) =>
    readFileSync(join(import.meta.dirname, file), 'utf8'),
  );
  const named = texts.flatMap((text) => [...text.matchAll(/\[promise (\d+)\]/g)].map(([, number]) => Number(number)));
  expect([...new Set(named)].toSorted((a, b) => a - b)).toEqual(PROMISES.map((_, i) => i + 1));
});

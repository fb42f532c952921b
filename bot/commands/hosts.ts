import { command } from '../command.ts';

export const hosts = command({
  path: 'hosts',
  verb: 'hosts',
  run: async ({ engine, words, now }) => words.answer.hosts((await engine.hosts()).hosts, now),
});

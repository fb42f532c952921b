import { Failure } from '../../engine/domain/failures.ts';
import { command } from '../command.ts';

export const diag = command({
  path: 'diag',
  verb: null,
  say: { en: 'How the bot itself is doing', pt: 'Como está o próprio bot' },
  async run({ diagnose, engine, who, words }) {
    if (who.role !== 'admin') throw new Failure('forbidden', { account: who.name, verb: 'diag', needed: 'admin' });
    return words.answer.diag(await diagnose(), await engine.health());
  },
});

import { reaches } from '../../engine/domain/account.ts';
import { Failure } from '../../engine/domain/failures.ts';
import { VERBS } from '../../engine/domain/verbs.ts';
import { command, flag, integer, text } from '../command.ts';

const SHOWN = 15;

export const audit = command({
  path: 'audit',
  verb: 'audit',
  options: {
    by: text({ en: 'What this account did', pt: 'O que esta conta fez' }, { suggests: 'account', max: 40 }),
    workspace: text(
      { en: 'What was done to this workspace', pt: 'O que foi feito com este workspace' },
      { suggests: 'workspace', max: 40 },
    ),
    last: integer({ en: 'So many lines', pt: 'Tantas linhas' }, { min: 1, max: 50 }),
    verify: flag({ en: 'Is the record whole?', pt: 'O registro está inteiro?' }),
  },
  async run({ options, audit: book, who, words }) {
    const { role: needed } = VERBS.audit;
    if (!reaches(who.role, needed)) throw new Failure('forbidden', { account: who.name, verb: 'audit', needed });
    const { by, workspace: on, last = SHOWN, verify } = options;
    if (verify) return words.answer.seal(await book.verify());
    return words.answer.audit((await book.read({ by, on })).slice(0, last));
  },
});

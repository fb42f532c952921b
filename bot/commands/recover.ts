import { reaches } from '../../engine/domain/account.ts';
import { Failure } from '../../engine/domain/failures.ts';
import { VERBS } from '../../engine/domain/verbs.ts';
import { command } from '../command.ts';

/** Building a store anew needs the key and the computer; what is left to say from afar is that it is whole. */
export const recover = command({
  path: 'recover',
  verb: 'recover',
  say: {
    en: 'Confirm that a recovered engine is whole, so that it may act again',
    pt: 'Confirma que um engine recuperado está inteiro, para que volte a agir',
  },
  changes: true,
  async run({ who, confirm, words }) {
    const { role: needed } = VERBS.recover;
    if (!reaches(who.role, needed)) throw new Failure('forbidden', { account: who.name, verb: 'recover', needed });
    return await confirm(words.confirm.recover);
  },
  async confirmed({ engine, asked, words }) {
    const confirmed = await engine.confirmRecovery(asked);
    return { content: confirmed ? words.say.recovered : words.say.notRecovered, embeds: [] };
  },
});

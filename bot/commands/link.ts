import { command, flag, text } from '../command.ts';
import { plain } from '../discord/message.ts';

export const link = command({
  path: 'link',
  verb: null,
  say: { en: 'Be the same person here as in Dumont', pt: 'Seja a mesma pessoa aqui e no Dumont' },
  linked: false,
  options: {
    code: text(
      { en: 'The code that "dumont discord link" shows', pt: 'O código que "dumont discord link" mostra' },
      { max: 20, secret: true },
    ),
    end: flag({ en: 'Part again', pt: 'Separar de novo' }),
  },
  async run({ options: { code, end }, accounts, deed, words, memory, audit, asked }) {
    const from = asked.from ?? '';
    const before = await accounts.byDiscord(deed.user);
    if (end) {
      if (!before) return { content: words.say.howToLink };
      await accounts.unlink(before.name);
      await audit.record({ by: before.name, verb: 'unlink', on: deed.user, result: 'done', why: '', from });
      return { content: words.say.unlinked(plain(before.name)) };
    }
    if (code === undefined)
      return { content: before ? words.say.youAre(plain(before.name), words.role[before.role]) : words.say.howToLink };
    const account = await accounts.link(code, deed.user);
    await audit.record({ by: account.id, verb: 'link', on: deed.user, result: 'done', why: '', from });
    memory.stir();
    return { content: words.say.linked(plain(account.id), words.role[account.role]) };
  },
});

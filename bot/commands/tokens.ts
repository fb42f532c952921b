import type { Role } from '../../engine/domain/account.ts';
import { readSpan } from '../../engine/domain/span.ts';
import { command, text } from '../command.ts';
import { plain } from '../discord/message.ts';

export const tokens = command({
  path: 'tokens',
  verb: 'tokens',
  changes: ({ create, end }) => (create ?? end) !== undefined,
  options: {
    create: text(
      {
        en: 'A new one, for the program of this name; it is shown once',
        pt: 'Um novo, para o programa deste nome; é mostrado uma vez',
      },
      { max: 100 },
    ),
    role: text(
      { en: 'With no more power than this', pt: 'Sem mais poder que isto' },
      {
        choices: [
          { value: 'viewer', say: { en: 'viewer', pt: 'viewer' } },
          { value: 'operator', say: { en: 'operator', pt: 'operator' } },
          { value: 'admin', say: { en: 'admin', pt: 'admin' } },
        ],
      },
    ),
    workspace: text(
      { en: 'For this workspace only', pt: 'Só para este workspace' },
      { suggests: 'workspace', max: 40 },
    ),
    for: text(
      { en: 'It ends by itself after this: 30d, 12h', pt: 'Acaba sozinho depois disto: 30d, 12h' },
      { max: 20 },
    ),
    end: text(
      { en: 'The id of one that opens nothing any more', pt: 'O id de um que não abre mais nada' },
      { suggests: 'token', max: 60 },
    ),
  },
  async run({ options, accounts, who, words, record }) {
    const { create, role, workspace, for: span, end } = options;
    if (end !== undefined) {
      await accounts.endToken(who.name, end);
      await record('tokens', end, 'ended');
      return { content: words.say.tokenEnded(plain(end)) };
    }
    if (create === undefined) return words.answer.tokens(await accounts.tokens(who.name));
    const { token, word } = await accounts.createToken(who, {
      name: create,
      role: (role as Role | undefined) ?? null,
      workspaces: workspace === undefined ? null : [workspace],
      forMs: span === undefined ? null : readSpan(span),
    });
    await record('tokens', token.id, `created for ${create}`);
    return { content: words.say.tokenMade(word) };
  },
});

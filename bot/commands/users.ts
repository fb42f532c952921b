import { type Role, reaches } from '../../engine/domain/account.ts';
import { Failure } from '../../engine/domain/failures.ts';
import { VERBS } from '../../engine/domain/verbs.ts';
import { type Call, command, text } from '../command.ts';
import type { Message } from '../discord/message.ts';
import { plain } from '../discord/message.ts';

const ROLE_CHOICES = [
  { value: 'viewer', say: { en: 'viewer: looks', pt: 'leitor: vê' } },
  { value: 'operator', say: { en: 'operator: works', pt: 'operador: trabalha' } },
  { value: 'admin', say: { en: 'admin: everything', pt: 'admin: tudo' } },
] as const;

export const users = command({
  path: 'users',
  verb: 'users',
  changes: ({ account }) => account !== undefined,
  options: {
    account: text(
      { en: 'Whom it is about; without it they are listed', pt: 'De quem se trata; sem isto, são listadas' },
      { suggests: 'account', max: 40 },
    ),
    do: text(
      { en: 'What to do', pt: 'O que fazer' },
      {
        choices: [
          { value: 'create', say: { en: 'make the account', pt: 'criar a conta' } },
          { value: 'end', say: { en: 'shut it out', pt: 'encerrar a conta' } },
          { value: 'again', say: { en: 'let it in again', pt: 'deixar entrar de novo' } },
        ],
      },
    ),
    role: text({ en: 'What it may do', pt: 'O que pode fazer' }, { choices: ROLE_CHOICES }),
  },
  async run(call) {
    mustBeAdmin(call);
    const { options, accounts, words, confirm, record, who } = call;
    const { account, do: deed, role } = options;
    if (account === undefined) return words.answer.users(await accounts.list());
    if (deed === 'create') {
      const made = await accounts.create(account, (role ?? 'operator') as Role, who.name);
      await record('users', account, `created as ${made.account.role}`);
      return { content: words.say.accountMade(plain(account), words.role[made.account.role], made.password) };
    }
    if (deed === 'end') return await confirm(words.confirm.endAccount(plain(account)));
    if (role === undefined && deed === undefined) throw new Failure('bad_request', { why: words.say.sayWhat });
    const to = { ...(role !== undefined && { role: role as Role }), ...(deed === 'again' && { ended: false }) };
    const changed = await accounts.change(account, to);
    await record('users', account, Object.keys(to).join(', '));
    return { content: words.say.accountChanged(plain(account), words.role[changed.role]) };
  },
  async confirmed(call): Promise<Message> {
    mustBeAdmin(call);
    const { options, accounts, words, record } = call;
    const account = options.account ?? '';
    await accounts.change(account, { ended: true });
    await record('users', account, 'ended');
    return { content: words.say.accountEnded(plain(account)), embeds: [] };
  },
});

/** Accounts are not the engine's, so nobody else asks. */
function mustBeAdmin({ who }: Pick<Call<never>, 'who'>): void {
  const { role: needed } = VERBS.users;
  if (!reaches(who.role, needed)) throw new Failure('forbidden', { account: who.name, verb: 'users', needed });
}

import { createHash } from 'node:crypto';
import { type Role, reaches } from '../engine/domain/account.ts';
import { isFailure, reasonOf } from '../engine/domain/failures.ts';
import type { Log } from '../engine/domain/ports.ts';
import { customId } from './custom-id.ts';
import { button, type Message, plain, row } from './discord/message.ts';
import type { Deed } from './interaction.ts';
import type { Memory } from './memory.ts';
import { shownWhat } from './secrets.ts';
import type { Words } from './words/words.ts';

const NAMES_MAX = 5;
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** What went wrong, in words, under a short code that stands in the log as well. */
export function refusal(cause: unknown, deed: Deed, words: Words, memory: Memory, log: Log): Message {
  const reference = referenceOf(deed.id);
  const expected = isFailure(cause);
  const stack = cause instanceof Error && !expected ? cause.stack : undefined;
  const facts = {
    reference,
    interaction: deed.id,
    user: deed.user,
    what: shownWhat(deed.what),
    why: reasonOf(cause),
    stack,
  };
  log('discord.refused', facts, expected ? 'INFO' : 'ERROR');
  const say = expected ? plain(words.failure(cause.code, cause.facts)) : words.say.broken;
  const busy = isFailure(cause, 'workspace_busy') ? openOperation(String(cause.facts.workspace), deed, memory) : null;
  return {
    content: `❌ ${say}${whoCan(cause, deed, words, memory)}\n-# ${words.say.reference(reference)}`,
    embeds: [],
    components:
      busy === null ? [] : [row(button(customId({ does: 'follow', operation: busy }), words.button.follow, 'main'))],
  };
}

export function referenceOf(interaction: string): string {
  const bytes = createHash('sha256').update(interaction).digest();
  return `DM-${[0, 1, 2, 3].map((i) => ALPHABET[(bytes[i] ?? 0) % ALPHABET.length]).join('')}`;
}

function openOperation(workspace: string, deed: Deed, memory: Memory): string | null {
  const who = memory.whose(deed.user);
  return (who && memory.operations(who).find((one) => one.workspace === workspace)?.id) ?? null;
}

/** Whoever may not is told who may. */
function whoCan(cause: unknown, { what }: Deed, words: Words, memory: Memory): string {
  if (!isFailure(cause, 'forbidden')) return '';
  const needed = cause.facts.needed as Role;
  const name =
    'options' in what
      ? String(what.options.workspace ?? '')
      : ('customId' in what && what.customId.split(':')[2]) || '';
  const admins = memory
    .accounts()
    .filter(({ role }) => role === 'admin')
    .map(({ id }) => id);
  const place = memory.workspaces(EVERYBODY).find(({ workspace }) => workspace.id === name)?.workspace;
  const shared = place?.shares.filter(({ role }) => reaches(role, needed)).map((share) => share.with) ?? [];
  const names = [...new Set([...(place ? [place.owner] : []), ...shared, ...admins])].slice(0, NAMES_MAX);
  return names.length === 0 ? '' : ` ${words.say.whoCan(names.map(plain).join(', '))}`;
}

const EVERYBODY = { name: '', role: 'admin', workspaces: null, by: 'discord' } as const;

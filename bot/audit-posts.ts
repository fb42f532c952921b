import type { Guild } from '../engine/domain/discord.ts';
import { Failure } from '../engine/domain/failures.ts';
import type { Log } from '../engine/domain/ports.ts';
import { clip, code, fitted, type Message, plain, QUIET } from './discord/message.ts';
import type { Discord } from './discord/rest.ts';
import { wordsOf } from './discord/trouble.ts';
import type { Values } from './interaction.ts';
import { shownOptions } from './secrets.ts';
import { wordsIn } from './words/words.ts';

/** Who did what, where people see it. The audit itself is kept by the engine; this is its window. */
export interface AuditPosts {
  note(deed: Noted, result: string): void;
  /** Rejects where it cannot be written: what cannot be brought back is not done unseen. It is edited when that is done. */
  mustNote(deed: Noted, nonce: string): Promise<(result: string) => void>;
}

export interface Noted {
  readonly guild: Guild;
  readonly by: string;
  readonly user: string;
  readonly path: string;
  readonly options: Values;
}

export function auditPosts(discord: Discord, log: Log, newId: (prefix: string) => string): AuditPosts {
  return {
    note(deed, result) {
      const channel = deed.guild.audit;
      if (channel !== null)
        discord.post(channel, lineOf(deed, false, result), newId('n')).catch((cause) => complain(channel, cause));
    },
    async mustNote(deed, nonce) {
      const words = wordsIn(deed.guild.language);
      const channel = deed.guild.audit;
      if (channel === null) throw new Failure('audit_unwritable', { why: words.say.noAuditChannel });
      try {
        const { id } = await discord.post(channel, lineOf(deed, true, words.say.begun), nonce);
        return (result) => {
          discord.edit(channel, id, lineOf(deed, true, result)).catch((cause) => complain(channel, cause));
        };
      } catch (cause) {
        throw new Failure('audit_unwritable', { why: wordsOf(cause) }, { cause });
      }
    },
  };

  function complain(channel: string, cause: unknown): void {
    log('discord.audit_not_posted', { channel, why: wordsOf(cause) }, 'WARNING');
  }
}

const VALUE_MAX = 100;
const RESULT_MAX = 300;
function lineOf({ guild: { language }, by, user, path, options }: Noted, sure: boolean, result: string): Message {
  const given = Object.entries(shownOptions(path, options)).map(
    ([name, value]) => `${name}:${code(String(value)).slice(0, VALUE_MAX)}`,
  );
  const words = wordsIn(language);
  return fitted({
    content: `${sure ? '⚠️' : '▫️'} **${plain(by)}** (<@${user}>) \`/${[path, ...given].join(' ')}\`${sure ? ` · ${words.say.confirmed}` : ''} → ${plain(clip(result, RESULT_MAX))}`,
    allowed_mentions: { parse: [] },
    flags: QUIET,
  });
}

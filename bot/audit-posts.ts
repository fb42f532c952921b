import type { Guild } from '../engine/domain/discord.ts';
import { Failure } from '../engine/domain/failures.ts';
import type { Log } from '../engine/domain/ports.ts';
import { code, fitted, type Message, plain, QUIET } from './discord/message.ts';
import type { Discord } from './discord/rest.ts';
import { wordsOf } from './discord/trouble.ts';
import type { Values } from './interaction.ts';
import { shownOptions } from './secrets.ts';
import { wordsIn } from './words/words.ts';

/** Who did what, where people see it. The audit itself is kept by the engine; this is its window. */
export interface AuditPosts {
  note(guild: Guild, by: string, user: string, path: string, options: Values): void;
  /** Rejects where it cannot be written: what cannot be brought back is not done unseen. */
  mustNote(guild: Guild, by: string, user: string, path: string, options: Values, nonce: string): Promise<void>;
}

export function auditPosts(discord: Discord, log: Log, newId: (prefix: string) => string): AuditPosts {
  return {
    note(guild, by, user, path, options) {
      if (guild.audit === null) return;
      discord.post(guild.audit, lineOf(guild, by, user, path, options, false), newId('n')).catch((cause: unknown) => {
        log('discord.audit_not_posted', { channel: guild.audit, why: wordsOf(cause) }, 'WARNING');
      });
    },
    async mustNote(guild, by, user, path, options, nonce) {
      const words = wordsIn(guild.language);
      if (guild.audit === null) throw new Failure('audit_unwritable', { why: words.say.noAuditChannel });
      try {
        await discord.post(guild.audit, lineOf(guild, by, user, path, options, true), nonce);
      } catch (cause) {
        throw new Failure('audit_unwritable', { why: wordsOf(cause) }, { cause });
      }
    },
  };
}

const VALUE_MAX = 100;
function lineOf({ language }: Guild, by: string, user: string, path: string, options: Values, sure: boolean): Message {
  const given = Object.entries(shownOptions(path, options)).map(
    ([name, value]) => `${name}:${code(String(value)).slice(0, VALUE_MAX)}`,
  );
  const words = wordsIn(language);
  return fitted({
    content: `${sure ? '⚠️' : '▫️'} **${plain(by)}** (<@${user}>) \`/${[path, ...given].join(' ')}\`${sure ? ` · ${words.say.confirmed}` : ''}`,
    allowed_mentions: { parse: [] },
    flags: QUIET,
  });
}

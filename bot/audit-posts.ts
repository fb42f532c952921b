import type { Guild } from '../engine/domain/discord.ts';
import { Failure } from '../engine/domain/failures.ts';
import type { Log } from '../engine/domain/ports.ts';
import { fitted } from './discord/message.ts';
import type { Discord } from './discord/rest.ts';
import { wordsOf } from './discord/trouble.ts';
import type { Values } from './interaction.ts';
import { auditMessage } from './panels/audit.ts';
import type { Audited } from './panels/noted.ts';
import { auditPanel } from './panels/openings.ts';
import type { Panels } from './panels/panels.ts';
import { shownOptions } from './secrets.ts';
import { wordsIn } from './words/words.ts';

/** Who did what and how it went, where people see it. The audit itself is kept by the engine; this is its window. */
export interface AuditPosts {
  /** What was done, with the operations that it began. */
  note(deed: Noted, began: readonly string[]): void;
  /** Rejects where it cannot be written: what cannot be brought back is not done unseen. */
  mustNote(deed: Noted): Promise<Went>;
}

/** How it went: the operations that began, or why it was refused. */
export type Went = (to: Pick<Audited, 'began' | 'refused'>) => void;

export interface Noted {
  readonly guild: Guild;
  readonly by: string;
  readonly user: string;
  readonly path: string;
  readonly options: Values;
  /** What the same click has whenever it arrives. */
  readonly id: string;
}

export function auditPosts(discord: Discord, panels: Panels, log: Log): AuditPosts {
  return {
    note(deed, began) {
      const { guild, id } = deed;
      if (guild.audit === null) return;
      const facts = factsOf(deed, { confirmed: false, began, refused: null });
      panels.put(auditPanel(id, guild, guild.audit, deed.user, facts)).catch((cause) => complain(guild.audit, cause));
    },
    async mustNote(deed) {
      const { guild, id, user } = deed;
      const words = wordsIn(guild.language);
      if (guild.audit === null) throw new Failure('audit_unwritable', { why: words.say.noAuditChannel });
      const opening = auditPanel(
        id,
        guild,
        guild.audit,
        user,
        factsOf(deed, { confirmed: true, began: null, refused: null }),
      );
      try {
        const known = await panels.find(opening.id);
        if (known === null) {
          const message = fitted(auditMessage(opening, words, words.say.begun));
          await panels.put(opening, (await discord.post(guild.audit, message, id)).id);
        }
      } catch (cause) {
        throw new Failure('audit_unwritable', { why: wordsOf(cause) }, { cause });
      }
      return (to) => {
        const facts = { ...opening.facts, ...to };
        const written = panels.change(opening.id, { facts }).then(async () => await panels.touchOne(opening.id));
        written.catch((cause: unknown) => complain(guild.audit, cause));
      };
    },
  };

  function complain(channel: string | null, cause: unknown): void {
    log('discord.audit_not_posted', { channel, why: wordsOf(cause) }, 'WARNING');
  }
}

function factsOf(
  { by, path, options, id }: Noted,
  how: Pick<Audited, 'confirmed' | 'began' | 'refused'>,
): Readonly<Record<string, unknown>> {
  const facts: Audited = { by, path, options: shownOptions(path, options), key: `discord:${id}`, ...how };
  return { ...facts };
}

import type { Account, Token } from '../../engine/domain/account.ts';
import type { Guild } from '../../engine/domain/discord.ts';
import type { HealthPart } from '../../engine/domain/doors.ts';
import type { Talk } from '../../engine/domain/events.ts';
import type { Deed, Seal } from '../../engine/domain/journals.ts';
import type { Diagnosis } from '../diagnosis.ts';
import { COLOUR, clip, field, type Message, plain } from '../discord/message.ts';
import type { Phrases } from '../words/phrases.ts';
import { list } from './list.ts';

interface OpenAlert {
  readonly workspace: string | null;
  readonly at: number;
  readonly talk: Talk;
  /** To its message, where there is one. */
  readonly link: string | null;
}

export function peopleAnswers(words: Phrases) {
  const { label, count } = words;
  const page = (content: string, lines: readonly string[], none: string): Message => ({
    content,
    embeds: [{ color: COLOUR.calm, description: lines.length === 0 ? none : list(lines, words) }],
  });

  return {
    users(accounts: readonly Account[]): Message {
      const lines = accounts.map((one) => {
        const role = one.endedAt === null ? words.role[one.role] : label.ended;
        return `**${plain(one.id)}** · ${role}${one.discord === null ? '' : ` · <@${one.discord}>`}`;
      });
      return page(`**${label.users}**`, lines, label.noAudit);
    },

    tokens(tokens: readonly Token[]): Message {
      const lines = tokens.map((one) => {
        const used = one.usedAt === null ? label.unused : `${label.used} <t:${Math.floor(one.usedAt / 1_000)}:R>`;
        return `\`${one.id}\` **${plain(one.name)}** · ${words.role[one.role]} · ${used}`;
      });
      return page(`**${label.tokens}**`, lines, label.noTokens);
    },

    audit(deeds: readonly Deed[]): Message {
      const lines = deeds.map(
        (one) =>
          `<t:${Math.floor(one.at / 1_000)}:f> **${plain(one.by)}** ${plain(clip(`${one.verb} ${one.on}: ${words.why(one.result)}${one.why ? ` (${words.why(one.why)})` : ''}`, 200))}`,
      );
      return page(`**${label.audit}**`, lines, label.noAudit);
    },

    seal({ entries, head, broken }: Seal): Message {
      const whole =
        broken === null
          ? `✅ ${words.whole(entries)}`
          : `❌ ${label.broken}: ${plain(broken.file)}:${broken.line}: ${plain(broken.why)}`;
      return {
        content: `${whole}${head === null ? '' : `\n\`${clip(head, 100)}\``}`,
      };
    },

    settings(guild: Guild, changed: boolean, mute: string | null): Message {
      const place = (id: string | null): string => (id === null ? '–' : `<#${id}>`);
      return {
        content: `**${label.settings}**${changed ? ` · ${label.changedSettings}` : ''}${mute === null ? '' : `\n⚠️ ${words.say.muteRole(mute)}`}`,
        embeds: [
          {
            color: guild.trouble === null ? COLOUR.calm : COLOUR.warn,
            fields: [
              field(label.channel, place(guild.channel)),
              field(label.auditChannel, place(guild.audit)),
              field(label.ping, guild.pingRole === null ? '–' : `<@&${guild.pingRole}>`),
              field(label.language, guild.language === 'en' ? 'English' : 'Português do Brasil'),
              field(label.hears, guild.hears === 'everything' ? label.everything : label.itsOwn),
              ...(guild.trouble === null ? [] : [field(label.trouble, plain(guild.trouble))]),
            ],
          },
        ],
      };
    },

    alerts(open: readonly OpenAlert[], now: number): Message {
      const lines = open.map(({ workspace, at, talk, link }) => {
        const name = workspace === null ? 'Dumont' : plain(workspace);
        const said = plain(clip(words.event(talk, now), 200));
        return `🔴 **${name}** <t:${Math.floor(at / 1_000)}:R> ${said}${link === null ? '' : ` [↗](${link})`}`;
      });
      return page(`**${label.alerts}**`, lines, label.noAlerts);
    },

    diag(bot: Diagnosis, health: readonly HealthPart[]): Message {
      const { shards, acknowledgedMs: acked } = bot;
      const connections = shards.map(
        ({ shard, status, heardMsAgo }) =>
          `#${shard}: ${words.why(status)}${heardMsAgo === null ? '' : ` · ${words.ago(heardMsAgo)}`}`,
      );
      return {
        content: `**${label.diag}**`,
        embeds: [
          {
            color: COLOUR.calm,
            fields: [
              field(label.shards, clip(connections.join('\n'), 1_000)),
              field(label.acknowledged, `P50 ${acked.p50} ms · P99 ${acked.p99} ms · n = ${count(acked.count)}`),
              field(label.panels, `${count(bot.panelsOpen)} · ${count(bot.panelsWaiting)}`),
              field(label.refusedRequests, count(bot.invalidRequests)),
              field(label.memory, words.bytes(bot.memoryBytes)),
              field(
                label.health,
                clip(
                  health
                    .map(
                      ({ name, ok, say }) => `${ok ? '✅' : '❌'} ${plain(words.why(name))}: ${plain(words.why(say))}`,
                    )
                    .join('\n'),
                  1_000,
                ),
                false,
              ),
            ],
          },
        ],
      };
    },
  };
}

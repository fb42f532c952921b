import type { Panel } from '../../engine/domain/discord.ts';
import { customId } from '../custom-id.ts';
import { button, COLOUR, plain, row } from '../discord/message.ts';
import { capital } from '../words/format.ts';
import type { Alerted } from './noted.ts';
import type { Drawn, Sheet } from './panels.ts';

/** One message for one alert: it rings once, and is edited when it is over. */
export function drawAlert(panel: Panel, { words, guild, now }: Sheet): Drawn | null {
  const { talk, at, resolved } = panel.facts as unknown as Alerted;
  const name = plain(panel.workspace ?? '');
  const ring = guild.pingRole === null || resolved ? '' : `<@&${guild.pingRole}> `;
  const when = Math.floor(at / 1_000);
  const text = resolved
    ? words.alert.resolved(name, words.alert.title(talk))
    : words.alert.open(name, words.alert.title(talk));
  return {
    last: resolved !== null,
    message: {
      content: `${ring}${text}`,
      allowed_mentions:
        guild.pingRole === null || resolved || panel.postedAt !== null
          ? { parse: [] }
          : { parse: [], roles: [guild.pingRole] },
      embeds: [
        {
          color: resolved ? COLOUR.good : COLOUR.bad,
          description: [
            plain(capital(words.event(talk, now))),
            words.alert.since(when),
            ...(resolved ? [words.alert.over(Math.floor(resolved.at / 1_000), plain(resolved.say))] : []),
          ].join('\n'),
        },
      ],
      components:
        panel.workspace === null
          ? []
          : [row(button(customId({ does: 'logs', workspace: panel.workspace }), words.button.logs))],
    },
  };
}

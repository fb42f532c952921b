import type { Panel } from '../../engine/domain/discord.ts';
import { customId } from '../custom-id.ts';
import { button, COLOUR, plain, row } from '../discord/message.ts';
import { capital } from '../words/format.ts';
import type { Warned } from './noted.ts';
import type { Drawn, Sheet } from './panels.ts';

/** "It goes to sleep in two minutes": why, what it costs, when, and a button for whoever still needs it. */
export function drawWarning(panel: Panel, { words, now }: Sheet): Drawn | null {
  const { why, actsAt, dollarsPerHour, payBack = '', ended } = panel.facts as unknown as Warned;
  const name = panel.workspace ?? '';
  const at = Math.floor(actsAt / 1_000);
  const text = ended
    ? words.warning.ended[ended.how](plain(name), plain(ended.say))
    : words.warning.head(plain(name), at);
  const lost = !ended && actsAt < now - LATE_MS;
  return {
    last: ended !== null || lost,
    message: {
      content: text,
      embeds: [
        {
          color: ended ? COLOUR.dim : COLOUR.warn,
          description: ended
            ? words.warning.was(plain(words.why(why)))
            : words.warning.body(
                plain(words.why(why)),
                words.perHour(dollarsPerHour),
                at,
                plain(capital(words.why(payBack))),
              ),
        },
      ],
      components:
        ended || lost
          ? []
          : [
              row(
                button(customId({ does: 'keep', workspace: name, minutes: 60 }), words.button.keep, 'main'),
                button(customId({ does: 'hibernate', workspace: name }), words.button.sleepNow),
              ),
            ],
    },
  };
}

const LATE_MS = 60 * 60_000;

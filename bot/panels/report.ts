import type { Panel } from '../../engine/domain/discord.ts';
import type { Engine } from '../../engine/domain/doors.ts';
import type { GroupBy } from '../../engine/domain/savings.ts';
import { drawBoots, drawHours, drawPaid } from '../charts/money.ts';
import { COLOUR, type Message, plain } from '../discord/message.ts';
import { type Words, wordsIn } from '../words/words.ts';
import type { Reported } from './noted.ts';
import type { Drawn, Sheet } from './panels.ts';

/** One plain line, a table, and charts. It is drawn once, when it is posted. */
export async function drawReport(panel: Panel, { engineOf, now }: Sheet): Promise<Drawn | null> {
  const reported = { ...(panel.facts as unknown as Reported), workspace: panel.workspace };
  const engine = await engineOf(reported.by);
  const words = wordsIn(reported.language);
  if (engine === null) return { last: true, message: nobodys(reported, words) };
  return { last: true, message: await reportMessage(reported, engine, words, now) };
}

function nobodys({ every, by }: Reported, { money }: Words): Message {
  return { content: `📊 ${money.nobodys(money.report[every], plain(by))}`, allowed_mentions: { parse: [] } };
}

export async function reportMessage(
  { from, until, every, by, workspace, shutIn }: Omit<Reported, 'language'> & { readonly workspace: string | null },
  engine: Engine,
  words: Words,
  now: number,
): Promise<Message> {
  const of = async (group: GroupBy) =>
    await engine.savings({ workspace, user: null, period: { from, until }, baseline: { kind: 'offer' }, by: group });
  const [byDay, byWorkspace, { hosts }] = await Promise.all([of('day'), of('workspace'), engine.hosts()]);
  const message = words.answer.savings(byWorkspace);
  const drawn = [drawPaid(byDay, words), drawHours(byDay, words), drawBoots(hosts, words)];
  const charts = (await Promise.all(drawn)).filter((chart) => chart !== null);
  const [embed] = message.embeds ?? [];
  const head = `📊 ${words.money.report[every]} · ${message.content}`;
  const made = words.money.made(plain(by), Math.floor(now / 1_000));
  return {
    content: [head, ...(shutIn ? [words.money.shutIn(shutIn)] : [])].join('\n'),
    allowed_mentions: { parse: [] },
    embeds: [
      {
        ...embed,
        description: `${embed?.description ?? ''}\n${made}`,
        ...(charts[0] && { image: { url: `attachment://${charts[0].name}` } }),
      },
      ...charts.slice(1).map(({ name }) => ({ color: COLOUR.calm, image: { url: `attachment://${name}` } })),
    ],
    ...(charts.length > 0 && { files: charts }),
  };
}

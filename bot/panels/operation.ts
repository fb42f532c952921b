import type { APIEmbedField } from 'discord-api-types/v10';
import type { Panel } from '../../engine/domain/discord.ts';
import type { WorkspaceView } from '../../engine/domain/doors.ts';
import type { Operation } from '../../engine/domain/operation.ts';
import { drawTimeline } from '../charts/timeline.ts';
import { customId } from '../custom-id.ts';
import { block, button, COLOUR, field, type Message, plain, row } from '../discord/message.ts';
import { capital } from '../words/format.ts';
import type { Words } from '../words/words.ts';
import type { Drawn, Sheet } from './panels.ts';
import { raceLines } from './race-lines.ts';
import { type Progress, type Story, settled } from './story.ts';

/** After it has ended, how long what still arrives is shown. */
const AFTER_MS = 60 * 60_000;
const WAKES: ReadonlySet<string> = new Set(['wake', 'restore']);

/** Files that are brought back onto a running machine were asked for by the same verb as a wake from an older snapshot. */
export const deedOf = ({ verb, intent }: Operation): string => (intent && 'fetch' in intent ? 'fetch' : verb);
const wakes = (operation: Operation): boolean => WAKES.has(deedOf(operation));

/** What somebody asked for, from the click to the last file. */
export async function drawOperation(panel: Panel, sheet: Sheet): Promise<Drawn | null> {
  const { engine, stories, words, now } = sheet;
  if (panel.operation === null || panel.workspace === null) return null;
  const operation = await engine.operation(panel.operation);
  const [view = null] = await engine.status(panel.workspace).catch((): WorkspaceView[] => []);
  const known = await stories.of(panel.workspace, operation.at);
  const story = operation.endedAt === null ? known : settled(known, operation.endedAt);
  const last = isOver(operation, story, view, now);
  if (last) stories.forget(panel.workspace, operation.at);
  const chart =
    last && wakes(operation) && story.racers.size > 1
      ? await drawTimeline(story, operation.workspace, words, now)
      : null;
  return { last, message: message({ operation, story, view, words, now, chart }, panel) };
}

interface Picture {
  readonly operation: Operation;
  readonly story: Story;
  readonly view: WorkspaceView | null;
  readonly words: Words;
  readonly now: number;
  readonly chart: Awaited<ReturnType<typeof drawTimeline>>;
}

function message(picture: Picture, panel: Panel): Message {
  const { operation, story, view, words, chart } = picture;
  const { racers, winner } = story;
  const lines = racers.size > 0 && wakes(operation) ? raceLines(picture, words) : null;
  const fields = fieldsOf(picture);
  const asked = words.panel.askedBy(plain(operation.by), Math.floor(operation.at / 1_000));
  const { failed, text } = headline(picture);
  return {
    content: text,
    allowed_mentions: { parse: [] },
    embeds: [
      {
        color: colourOf(operation, failed),
        title: words.panel.title(deedOf(operation), operation.workspace),
        description: [
          asked,
          ...(lines === null ? [] : ['', lines, '']),
          ...barsOf(picture),
          ...(wakes(operation) ? sshOf(view, winner, words) : []),
        ].join('\n'),
        ...(fields.length > 0 && { fields }),
        ...(chart && { image: { url: `attachment://${chart.name}` } }),
        footer: { text: `${operation.id}` },
      },
    ],
    components: buttonsOf(picture, panel),
    ...(chart && { files: [chart] }),
  };
}

function headline({ operation, story, view, words }: Picture): { failed: boolean; text: string } {
  const name = plain(operation.workspace);
  const outcome = operation.outcome;
  if (outcome && !outcome.ok) return { failed: true, text: words.panel.failed(name, plain(words.outcome(outcome))) };
  if (outcome?.ok) {
    if (wakes(operation) && story.usableMs !== null) {
      const racer = story.racers.get(story.winner ?? '');
      return {
        failed: false,
        text: words.panel.awake(
          name,
          story.usableMs,
          racer?.gpu ?? view?.machine?.offer.gpu ?? null,
          story.complete !== null,
        ),
      };
    }
    return { failed: false, text: words.panel.done(name, deedOf(operation), plain(outcome.say)) };
  }
  return { failed: false, text: words.panel.going(name, deedOf(operation), story, view?.sight ?? null) };
}

function isOver(operation: Operation, story: Story, view: WorkspaceView | null, now: number): boolean {
  const { endedAt, outcome } = operation;
  if (endedAt === null) return false;
  const arriving = wakes(operation) && outcome?.ok === true && story.usableMs !== null && story.complete === null;
  return !arriving || now - endedAt > AFTER_MS || view === null || view.machine === null;
}

function colourOf({ outcome }: Operation, failed: boolean): number {
  return failed ? COLOUR.bad : outcome ? COLOUR.good : COLOUR.calm;
}

const BAR = 20;

function barsOf({ story, words, operation }: Picture): readonly string[] {
  const { restore, save, complete, racers, winner } = story;
  const saving = save && story.proved === null ? [bar(words.panel.saving, save, words)] : [];
  if (!wakes(operation)) return saving;
  const over = racers.get(winner ?? '')?.state === 'gone';
  return restore && complete === null && !over ? [bar(words.panel.restoring, restore, words)] : [];
}

function bar(label: string, { done, total }: Progress, words: Words): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const full = Math.round(share * BAR);
  return `${label} \`${'█'.repeat(full)}${'░'.repeat(BAR - full)}\` ${Math.floor(share * 100)} % · ${words.bytesOf(done, total)}`;
}

function sshOf(view: WorkspaceView | null, winner: string | null, words: Words): readonly string[] {
  const address = view?.machine?.address;
  if (
    !view ||
    !address ||
    (view.sight !== 'awake' && view.sight !== 'usable') ||
    (winner && view.machine?.id !== winner)
  )
    return [];
  return [words.panel.ssh, block(`dumont ssh ${view.workspace.id}\nssh -p ${address.port} root@${address.host}`)];
}

function fieldsOf({ story, words, view, operation, now }: Picture): APIEmbedField[] {
  const { usableMs, complete, waste, proved, job, running, winner, racers, round, worry } = story;
  const price = wakes(operation) ? (racers.get(winner ?? '')?.dollarsPerHour ?? null) : null;
  return [
    ...(round && winner === null && operation.endedAt === null
      ? [field(words.panel.round, `${round.round} / ${round.rounds}`)]
      : []),
    ...(usableMs === null ? [] : [field(words.panel.usable, words.duration(usableMs))]),
    ...(complete === null ? [] : [field(words.panel.complete, words.panel.files(complete.files, complete.bytes))]),
    ...(price === null ? [] : [field(words.panel.price, words.perHour(price))]),
    ...(waste === null ? [] : [field(words.panel.waste, wasteWords(waste, words))]),
    ...(proved === null
      ? []
      : [
          field(
            words.panel.proved,
            `\`${proved.snapshot.slice(0, 8)}\` · ${words.panel.files(proved.files, proved.bytes)}`,
          ),
        ]),
    ...(running === null ? [] : [field(words.panel.runs, plain(running), false)]),
    ...(job === null ? [] : [field(words.panel.ran(job.code, job.ms), block(job.tail.slice(-900)), false)]),
    ...(worry === null || operation.endedAt !== null
      ? []
      : [field(words.panel.worry, plain(capital(words.event(worry, now))), false)]),
    ...(view && view.dollarsPerHour > 0 && price === null
      ? [field(words.panel.burns, words.perHour(view.dollarsPerHour))]
      : []),
  ];
}

const wasteWords = ({ micro, counted }: Story['waste'] & object, words: Words): string =>
  counted ? words.dollars(micro) : words.panel.about(words.dollars(micro));

function buttonsOf({ operation, view, words }: Picture, { workspace }: Panel): Message['components'] & object {
  const name = workspace ?? operation.workspace;
  const logs = button(customId({ does: 'logs', workspace: name }), words.button.logs);
  const awake = view?.sight === 'awake' || view?.sight === 'usable';
  if (wakes(operation) && operation.endedAt === null)
    return [row(logs, button(customId({ does: 'hibernate', workspace: name }), words.button.stop, 'danger'))];
  if (awake)
    return [
      row(
        button(customId({ does: 'keep', workspace: name, minutes: 60 }), words.button.keep),
        button(customId({ does: 'hibernate', workspace: name }), words.button.hibernate),
        logs,
      ),
    ];
  const asleep = view?.sight === 'asleep' && operation.endedAt !== null;
  return [
    row(...(asleep ? [button(customId({ does: 'wake', workspace: name }), words.button.wake, 'main')] : []), logs),
  ];
}

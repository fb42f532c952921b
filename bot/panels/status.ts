import type { Panel } from '../../engine/domain/discord.ts';
import type { WorkspaceView } from '../../engine/domain/doors.ts';
import { COLOUR, type Message, plain } from '../discord/message.ts';
import { DOT } from '../words/dots.ts';
import type { Words } from '../words/words.ts';
import type { Drawn, Sheet } from './panels.ts';

const SHOWN_MAX = 25;

/** What every workspace is doing: one such panel in a channel, for as long as the channel is there. */
export async function drawStatus(panel: Panel, { engine, words, guild }: Sheet): Promise<Drawn> {
  const views = await engine.status(null);
  const mine =
    guild.hears === 'everything' ? views : views.filter(({ workspace }) => workspacesOf(panel).includes(workspace.id));
  return { last: false, message: statusMessage(mine, words, true) };
}

const workspacesOf = ({ facts }: Panel): readonly string[] => (Array.isArray(facts.workspaces) ? facts.workspaces : []);

export function statusMessage(views: readonly WorkspaceView[], words: Words, renews: boolean): Message {
  const burning = views.reduce((sum, { dollarsPerHour }) => sum + dollarsPerHour, 0);
  const shown = views.slice(0, SHOWN_MAX);
  const lines = shown.map((view) => lineOf(view, words));
  const more = views.length - shown.length;
  return {
    content: words.status.head(views.length, views.filter(isUp).length, burning > 0 ? words.perHour(burning) : null),
    embeds: [
      {
        color: burning > 0 ? COLOUR.good : COLOUR.dim,
        description: [...lines, ...(more > 0 ? [words.status.more(more)] : [])].join('\n') || words.status.none,
        ...(renews && { footer: { text: words.status.renews } }),
      },
    ],
  };
}

const isUp = ({ sight }: WorkspaceView): boolean => sight !== 'asleep' && sight !== 'paused';

function lineOf(
  { workspace, sight, since, machine, dollarsPerHour, pulse, newest }: WorkspaceView,
  words: Words,
): string {
  const parts = [
    `${words.sight[sight]}, <t:${Math.floor(since / 1_000)}:R>`,
    ...(machine && machine.state !== 'gone' ? [plain(machine.offer.gpu)] : []),
    ...(dollarsPerHour > 0 ? [words.perHour(dollarsPerHour)] : []),
    ...(workspace.keep ? [words.status.kept(Math.floor(workspace.keep.until / 1_000))] : []),
    ...(pulse && !pulse.idle.sleep && pulse.idle.quietSince === null ? [plain(words.why(pulse.idle.why))] : []),
    ...(sight === 'asleep' && newest ? [words.status.saved(Math.floor(newest.createdAt / 1_000))] : []),
  ];
  return `${DOT[sight]} **${plain(workspace.id)}** · ${parts.join(' · ')}`;
}

import type {
  FileDifference,
  FileEntry,
  HostMemory,
  PlanQuote,
  RankedOffer,
  Times,
} from '../../engine/domain/doors.ts';
import { type Backup, onePerContent } from '../../engine/domain/snapshot.ts';
import { customId } from '../custom-id.ts';
import { columns } from '../discord/columns.ts';
import { block, button, COLOUR, clip, code, field, type Message, plain, row } from '../discord/message.ts';
import type { Phrases } from '../words/phrases.ts';
import { list } from './list.ts';

const PAGE = 10;
const SHOWN = 15;
const DESCRIPTION_MAX = 120;

export function catalogueAnswers(words: Phrases) {
  const { label, bytes, count, ago } = words;

  return {
    snapshots(workspace: string, found: readonly Backup[], newest: string | null, page: number): Message {
      const all = onePerContent(found);
      const pages = Math.max(1, Math.ceil(all.length / PAGE));
      const at = Math.min(page, pages);
      const lines = all.slice((at - 1) * PAGE, at * PAGE).map(({ shown: one, others }) => {
        const marks = [
          ...(one.status === 'COMPLETED' ? [] : [words.backup[one.status]]),
          ...(others.length > 0 ? [`+${count(others.length)}`] : []),
          ...([one, ...others].some(({ id }) => id === newest) ? [label.newest] : []),
          ...(one.partial ? [label.partial] : []),
          ...one.tags.map((tag) => `#${tag}`),
        ];
        const what = one.description === '' ? words.kind[one.kind] : clip(one.description, DESCRIPTION_MAX);
        return `\`${one.id.slice(0, 8)}\` <t:${Math.floor(one.createdAt / 1_000)}:f> · ${words.panel.files(one.fileCount, one.sizeBytes)} · ${plain([what, ...marks].join(' · '))}`;
      });
      const turn = (to: number, say: string, disabled: boolean) =>
        button(customId({ does: 'page', path: 'snapshot list', workspace, page: to }), say, 'plain', disabled);
      return {
        content: `${label.snapshots} **${plain(workspace)}** (${count(all.length)})`,
        embeds: [
          {
            color: COLOUR.calm,
            description: lines.join('\n') || label.noSnapshots,
            footer: { text: `${at} / ${pages}` },
          },
        ],
        components:
          pages === 1
            ? []
            : [
                row(
                  turn(Math.max(1, at - 1), words.button.newer, at === 1),
                  turn(Math.min(pages, at + 1), words.button.older, at === pages),
                ),
              ],
      };
    },

    files(snapshot: string, folder: string, entries: readonly FileEntry[]): Message {
      const lines = entries.map(({ name, type, sizeBytes, files }) =>
        type === 'dir'
          ? `📁 ${quoted(name)} · ${words.panel.files(files, sizeBytes)}`
          : `📄 ${quoted(name)} · ${bytes(sizeBytes)}`,
      );
      return {
        content: `${label.files} \`${snapshot.slice(0, 8)}\` ${quoted(`/${folder}`)}`,
        embeds: [{ color: COLOUR.calm, description: lines.length === 0 ? label.empty : list(lines, words) }],
      };
    },

    differences(before: string, after: string, found: readonly FileDifference[]): Message {
      const lines = found.map(
        ({ path, change, bytesBefore, bytesAfter }) =>
          `${SIGN[change]} ${quoted(`/${path}`)} · ${change === 'added' ? bytes(bytesAfter) : change === 'removed' ? bytes(bytesBefore) : `${bytes(bytesBefore)} → ${bytes(bytesAfter)}`}`,
      );
      return {
        content: `${label.differs}: \`${before.slice(0, 8)}\` → \`${after.slice(0, 8)}\``,
        embeds: [{ color: COLOUR.calm, description: lines.length === 0 ? label.same : list(lines, words) }],
      };
    },

    plans(quotes: readonly PlanQuote[]): Message {
      const fields = quotes.map(({ name, plan, intervals }) => {
        const prices = intervals.map(({ intervalMs, price }) =>
          words.plan.price(words.duration(intervalMs), words.dollars(price.totalMicro)),
        );
        return field(`${name}: ${words.plan.keeps(plan.days, bytes(plan.storageBytesMax))}`, prices.join('\n'), false);
      });
      return { content: `**${label.plans}**`, embeds: [{ color: COLOUR.calm, fields }] };
    },

    offers(ranked: readonly RankedOffer[]): Message {
      return {
        content: `**${label.offers}** (${count(ranked.length)})`,
        embeds: [{ color: COLOUR.calm, description: offerLines(ranked.slice(0, SHOWN), words) }],
      };
    },

    hosts(known: readonly HostMemory[], now: number): Message {
      const lines = known.map((one) => {
        const boot = one.stages.booting;
        const speed = boot ? ` · ${words.stage.booting} ${timesIn(boot, words)}` : '';
        const over = one.passedOver === null ? '' : ` · ${words.host.passedOver(plain(words.why(one.passedOver)))}`;
        return `**${plain(one.host)}** · ${words.host.starts(one.starts)}, ${words.host.failures(one.failures)}${speed} · ${ago(now - one.lastAt)}${over}`;
      });
      return {
        content: `**${label.hosts}**`,
        embeds: [{ color: COLOUR.calm, description: lines.length === 0 ? label.noHosts : list(lines, words) }],
      };
    },
  };
}

export const timesIn = ({ p50, p95, slowest }: Times, words: Phrases): string =>
  words.times(words.duration(p50), p95 === null ? null : words.duration(p95), words.duration(slowest));

const SIGN = { added: '➕', removed: '➖', changed: '✏️' } as const;
const quoted = (path: string): string => `\`${code(clip(path, DESCRIPTION_MAX))}\``;

/** A table narrow enough for a telephone. */
export function offerLines(ranked: readonly RankedOffer[], words: Phrases): string {
  const lines = ranked.map(({ rank, offer: { gpu, gpuCount, host, region, dollarsPerHour } }) => [
    String(rank),
    clip(gpuCount > 1 ? `${gpuCount}× ${gpu}` : gpu, 12),
    clip(host, 10),
    clip(region, 8),
    words.perHour(dollarsPerHour),
  ]);
  return block(columns(lines, ['right', 'left', 'left', 'left', 'right']));
}

import type {
  FileDifference,
  FileEntry,
  HostMemory,
  OffersView,
  PlanQuotes,
  RankedOffer,
  Times,
} from '../../engine/domain/doors.ts';
import { type Backup, byAge, type Fate, lastOf, onePerContent } from '../../engine/domain/snapshot.ts';
import { customId } from '../custom-id.ts';
import { columns } from '../discord/columns.ts';
import { block, button, COLOUR, clip, code, field, type Message, plain, row } from '../discord/message.ts';
import type { Phrases } from '../words/phrases.ts';
import { list } from './list.ts';

const PAGE = 10;
const SHOWN = 15;
const DESCRIPTION_MAX = 120;
/** An older list of offers says how old it is. */
const OLD_MS = 2_000;

export function catalogueAnswers(words: Phrases) {
  const { label, bytes, count, ago } = words;

  return {
    snapshots(
      workspace: string,
      found: readonly Backup[],
      { newest, fates }: { readonly newest: string | null; readonly fates: readonly Fate[] },
      page: number,
    ): Message {
      const fateOf = new Map(fates.map((fate) => [fate.snapshot.id, fate]));
      const lines = onePerContent(found).map(({ newest: one, named, others }) => {
        const all = [one, ...others];
        const kept = lastOf(all.flatMap(({ id }) => fateOf.get(id) ?? []));
        const marks = [
          ...(one.status === 'COMPLETED' ? [] : [words.backup[one.status]]),
          ...(others.length > 0 ? [`+${count(others.length)}`] : []),
          ...(all.some(({ id }) => id === newest) ? [label.newest] : []),
          ...(one.partial ? [label.partial] : []),
          ...[one, ...(named ? [named] : [])].flatMap(({ tags }) => tags.map((tag) => `#${tag}`)),
        ];
        const said = one.description || named?.description || '';
        const what = said === '' ? words.kind[one.kind] : clip(said, DESCRIPTION_MAX);
        return `${whenOf(one)} · ${words.panel.files(one.fileCount, one.sizeBytes)} · ${plain([what, ...marks].join(' · '))}${kept ? untilWords(kept) : ''}`;
      });
      return inPages('snapshot list', `${label.snapshots} **${plain(workspace)}**`, workspace, lines, page);
    },

    /** What would become of each now, and why. */
    retention(workspace: string, fates: readonly Fate[], page: number): Message {
      const lines = fates
        .toSorted((one, other) => byAge(one.snapshot, other.snapshot))
        .map((fate) => {
          const same = fate.sameAs === null ? '' : ` (= \`${fate.sameAs.slice(0, 8)}\`)`;
          return `${fate.stays ? '🟢 ' : ''}${whenOf(fate.snapshot)} · ${plain(words.why(fate.why))}${same}${untilWords(fate)}`;
        });
      return inPages('snapshot retention', `${label.retention} **${plain(workspace)}**`, workspace, lines, page);
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

    plans({ plans, prices, restore, ladder }: PlanQuotes): Message {
      const fields = plans.map(({ name, plan, intervals }) => {
        const prices = intervals.map(({ intervalMs, price }) =>
          words.plan.price(words.duration(intervalMs), words.dollars(price.totalMicro)),
        );
        return field(`${name}: ${words.plan.keeps(plan.days, bytes(plan.storageBytesMax))}`, prices.join('\n'), false);
      });
      const said = [words.plan.prices(prices.of, prices.paid), words.restorePrice(restore), words.plan.ladder(ladder)];
      const footer = { text: said.join(' ') };
      return { content: `**${label.plans}**`, embeds: [{ color: COLOUR.calm, fields, footer }] };
    },

    offers({ ranked, sources }: OffersView, now: number): Message {
      const notes = sources.flatMap(({ marketplace, at, offers: found, failed }) => {
        if (failed !== null) return [`${marketplace}: ${plain(words.why(failed))}`];
        return found > 0 && now - at >= OLD_MS ? [`${marketplace}: ${ago(now - at)}`] : [];
      });
      return {
        content: `**${label.offers}** (${count(ranked.length)})`,
        embeds: [
          {
            color: COLOUR.calm,
            description: [offerLines(ranked.slice(0, SHOWN), words), ...notes].join('\n'),
          },
        ],
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

  function inPages(path: string, title: string, workspace: string, lines: readonly string[], page: number): Message {
    const pages = Math.max(1, Math.ceil(lines.length / PAGE));
    const at = Math.min(page, pages);
    const turn = (to: number, say: string, disabled: boolean) =>
      button(customId({ does: 'page', path, workspace, page: to }), say, 'plain', disabled);
    return {
      content: `${title} (${count(lines.length)})`,
      embeds: [
        {
          color: COLOUR.calm,
          description: lines.slice((at - 1) * PAGE, at * PAGE).join('\n') || label.noSnapshots,
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
  }
}

const whenOf = ({ id, createdAt }: Backup): string => `\`${id.slice(0, 8)}\` <t:${Math.floor(createdAt / 1_000)}:f>`;

/** A pin, or when it goes by itself; at the latest, where a later one may take its place. */
function untilWords({ snapshot, stays, until, soonest }: Fate): string {
  if (snapshot.pinned) return ' · 📌';
  if (!stays) return ' · 🗑️';
  return until === null ? '' : ` · ⏳ ${soonest === null ? '' : '≤ '}<t:${Math.floor(until / 1_000)}:R>`;
}

export const timesIn = ({ p50, p95, slowest }: Times, words: Phrases): string =>
  words.times(words.duration(p50), p95 === null ? null : words.duration(p95), words.duration(slowest));

const SIGN = { added: '➕', removed: '➖', changed: '✏️' } as const;
const quoted = (path: string): string => `\`${code(clip(path, DESCRIPTION_MAX))}\``;

/** A table narrow enough for a telephone. */
export function offerLines(ranked: readonly RankedOffer[], words: Phrases): string {
  const lines = ranked.map(({ offer: { gpu, gpuCount, marketplace, host, region, dollarsPerHour } }, i) => [
    String(i + 1),
    clip(gpuCount > 1 ? `${gpuCount}× ${gpu}` : gpu, 12),
    clip(marketplace, 6),
    clip(host, 10),
    clip(region, 8),
    words.perHour(dollarsPerHour),
  ]);
  return block(columns(lines, ['right', 'left', 'left', 'left', 'left', 'right']));
}

import type { APIEmbedField } from 'discord-api-types/v10';
import { askedWords } from '../../engine/domain/asked-words.ts';
import type { Quote, RiskView, WorkspaceView } from '../../engine/domain/doors.ts';
import type { Talk } from '../../engine/domain/events.ts';
import { DAY_MS } from '../../engine/domain/ledger.ts';
import type { LogLine } from '../../engine/domain/log.ts';
import { microDollars } from '../../engine/domain/money.ts';
import type { Snapshot } from '../../engine/domain/snapshot.ts';
import { customId } from '../custom-id.ts';
import { button, COLOUR, clip, code, field, type Message, plain, row } from '../discord/message.ts';
import { DOT } from '../words/dots.ts';
import { capital } from '../words/format.ts';
import type { Phrases } from '../words/phrases.ts';
import { offerLines, timesIn } from './catalogue.ts';
import { list } from './list.ts';

const SHOWN = 12;
const NAME_MAX = 120;
const MARK = { DEBUG: '▫️', INFO: '🔹', WARNING: '🟡', ERROR: '🔴' } as const;

export function workspaceAnswers(words: Phrases) {
  const { label, duration, bytes, count, ago, dollars, perHour } = words;

  function sleeps({ machine, pulse }: WorkspaceView): APIEmbedField[] {
    const { warned = null } = machine ?? {};
    const why = warned?.why ?? pulse?.idle.why;
    if (why === undefined) return [];
    const at = warned ? `<t:${Math.floor(warned.actsAt / 1_000)}:R> · ` : '';
    return [field(label.sleep, `${at}${plain(words.why(why))}`)];
  }

  return {
    quote(workspace: string, quote: Quote): Message {
      const { usable, dollarsPerHour, capMicro, restoreBytes, restoreDollars, restore, firstRound } = quote;
      const time = usable === null ? label.unknownTime : `${timesIn(usable, words)}, ${words.wakes(usable.samples)}`;
      return {
        content: `**${plain(workspace)}**: ${label.quote}`,
        embeds: [
          {
            color: COLOUR.calm,
            fields: [
              field(label.time, time),
              field(label.price, `${perHour(dollarsPerHour.low)} – ${perHour(dollarsPerHour.high)}`),
              field(label.cap, dollars(capMicro)),
              field(label.restore, `${bytes(restoreBytes)} · ${dollars(microDollars(restoreDollars))}`),
              ...(restoreBytes === 0 ? [] : [field(words.money.purpose.storage, words.restorePrice(restore), false)]),
              field(label.firstRound, offerLines(firstRound, words), false),
            ],
          },
        ],
      };
    },

    one(view: WorkspaceView, now: number): Message {
      const { workspace, sight, why, since, machine, newest, pulse, dollarsPerHour, operation } = view;
      const { id, owner, keep, wish } = workspace;
      const durable = pulse?.backup.durableAt ?? newest?.createdAt ?? null;
      const up = sight === 'awake' || sight === 'usable';
      return {
        content: `${DOT[sight]} **${plain(id)}** · ${words.sight[sight]}, <t:${Math.floor(since / 1_000)}:R>`,
        embeds: [
          {
            color: up ? COLOUR.good : sight === 'stranded' ? COLOUR.bad : COLOUR.dim,
            description: plain(capital(words.why(why))),
            fields: [
              field(label.owner, plain(owner)),
              ...(machine && machine.state !== 'gone'
                ? [
                    field(
                      label.machine,
                      `${plain(machine.offer.gpu)} · ${plain(machine.offer.host)} · ${plain(machine.offer.region)}`,
                    ),
                  ]
                : []),
              ...(dollarsPerHour > 0 ? [field(label.price, perHour(dollarsPerHour))] : []),
              field(label.lastBackup, durable === null ? label.never : `<t:${Math.floor(durable / 1_000)}:R>`),
              ...sleeps(view),
              ...(keep && keep.until > now
                ? [
                    field(
                      label.keep,
                      `<t:${Math.floor(keep.until / 1_000)}:t> · ${plain(keep.by)}${keep.why ? ` · ${plain(keep.why)}` : ''}`,
                    ),
                  ]
                : []),
              field(label.wish, `${words.sight[wish.want]} · ${plain(wish.by)}`),
            ],
          },
        ],
        components: [
          row(
            ...(up
              ? [
                  button(customId({ does: 'keep', workspace: id, minutes: 60 }), words.button.keep),
                  button(customId({ does: 'hibernate', workspace: id }), words.button.hibernate),
                  button(customId({ does: 'ssh', workspace: id }), 'SSH'),
                ]
              : sight === 'asleep' || sight === 'paused'
                ? [button(customId({ does: 'wake', workspace: id }), words.button.wake, 'main')]
                : []),
            ...(operation && operation.endedAt === null
              ? [button(customId({ does: 'follow', operation: operation.id }), words.button.follow)]
              : []),
            button(customId({ does: 'logs', workspace: id }), words.button.logs),
          ),
        ],
      };
    },

    risk(workspace: string, risk: RiskView, now: number): Message {
      const { files, repositories, excluded, pending, durableAt } = risk;
      const named = (path: string): string => `\`${code(clip(path, NAME_MAX))}\``;
      const some = (lines: readonly string[]): string => list(lines.slice(0, SHOWN), words).slice(0, 1_000);
      const repositoriesAtRisk = repositories.filter(({ saved }) => !saved);
      const lost = files.length + repositoriesAtRisk.length + pending.files;
      return {
        content: `**${plain(workspace)}**: ${lost === 0 ? label.noRisk : label.risk}`,
        embeds: [
          {
            color: lost === 0 ? COLOUR.good : COLOUR.warn,
            fields: [
              ...(files.length === 0
                ? []
                : [
                    field(
                      label.noBackup,
                      some(
                        files.map(
                          ({ path, sizeBytes, why }) => `${named(path)} ${bytes(sizeBytes)}: ${plain(words.why(why))}`,
                        ),
                      ),
                      false,
                    ),
                  ]),
              ...(pending.files === 0
                ? []
                : [
                    field(
                      label.changed,
                      some([`${words.panel.files(pending.files, pending.bytes)}`, ...pending.newest.map(named)]),
                      false,
                    ),
                  ]),
              ...(repositories.length === 0
                ? []
                : [
                    field(
                      label.notPushed,
                      some(repositories.map((one) => `${named(one.path)} ${words.repository(one)}`)),
                      false,
                    ),
                  ]),
              ...(excluded.length === 0
                ? []
                : [
                    field(
                      label.leftOut,
                      some(
                        excluded.map(
                          ({ path, sizeBytes, rule }) => `${named(path)} ${bytes(sizeBytes)} (${plain(rule)})`,
                        ),
                      ),
                      false,
                    ),
                  ]),
              field(label.lastBackup, durableAt === null ? label.never : ago(now - durableAt)),
            ],
          },
        ],
      };
    },

    backups({ workspace, pulse, newest }: WorkspaceView, snapshots: readonly Snapshot[], now: number): Message {
      const durable = pulse?.backup.durableAt ?? newest?.createdAt ?? null;
      const every = workspace.spec.backupEveryMs ?? pulse?.backup.everyMs ?? null;
      const failing = pulse?.backup.failedWhy ?? null;
      return {
        content: `**${plain(workspace.id)}** · ${label.lastBackup} ${durable === null ? label.never : ago(now - durable)}`,
        embeds: [
          {
            color: failing === null ? COLOUR.good : COLOUR.bad,
            fields: [
              field(label.backup, `${workspace.spec.plan}${every === null ? '' : ` · ${duration(every)}`}`),
              ...(pulse ? [field(label.pending, words.fileCount(pulse.backup.filesPending))] : []),
              field(label.stored, `${count(snapshots.length)}${newest ? ` · ${bytes(newest.sizeBytes)}` : ''}`),
              ...(failing === null ? [] : [field(label.trouble, plain(words.why(failing)), false)]),
            ],
          },
        ],
      };
    },

    /** Of the log of a workspace: what people were told in their words, all else as it was noted. */
    line(line: LogLine, workspace: string, now: number): string {
      const { level, event, by, facts } = line;
      const mark = MARK[level];
      if (by === null && words.hasEvent(event))
        return `${mark} ${words.event({ ...facts, event, workspace } as Talk, now)}`;
      const asked = by === null ? askedWords(line, words.language, words.why) : null;
      if (asked !== null) return `${mark} ${asked}`;
      const noted = Object.entries(facts).map(
        ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      );
      return [mark, ...(by === null ? [] : [`${by}:`]), event, ...noted].join(' ');
    },

    /** Newest first. */
    logs(
      workspace: string,
      told: readonly { readonly at: number; readonly say: string }[],
      now: number,
      none = label.noLogs,
    ): Message {
      const lines = told.map(
        ({ at, say }) => `<t:${Math.floor(at / 1_000)}:${now - at < DAY_MS ? 'T' : 'f'}> ${plain(clip(say, 300))}`,
      );
      return {
        content: `${label.logs} **${plain(workspace)}**`,
        embeds: [{ color: COLOUR.calm, description: lines.length === 0 ? none : list(lines, words) }],
      };
    },
  };
}

import type { BudgetView } from '../../engine/domain/doors.ts';
import { digitsOf, type MicroDollars } from '../../engine/domain/money.ts';
import type { Report } from '../../engine/domain/report.ts';
import { type Figures, periodWords, type Savings } from '../../engine/domain/savings.ts';
import { columns } from '../discord/columns.ts';
import { block, COLOUR, clip, code, type Message, plain } from '../discord/message.ts';
import type { Phrases } from '../words/phrases.ts';
import { list } from './list.ts';

const SHOWN = 20;
const NAME = 12;

export function moneyAnswers(words: Phrases) {
  return {
    reports(all: readonly Report[]): Message {
      const lines = all.map(({ id, every, time, zone, channel, workspace, by }) => {
        const of = workspace === null ? words.label.everything : plain(workspace);
        return `\`${id}\` ${words.money.report[every]} · ${time} ${plain(zone)} · <#${channel}> · ${of} · ${plain(by)}`;
      });
      return {
        content: `**${words.money.reports}** (${words.count(all.length)})`,
        embeds: [{ color: COLOUR.calm, description: lines.length === 0 ? words.money.noReport : list(lines, words) }],
      };
    },

    budgets(views: readonly BudgetView[]): Message {
      const lines = views.map(({ budget, spentMicro, until }) => {
        const percent = Math.floor((spentMicro / budget.micro) * 100);
        const mark = percent >= 100 ? '🛑' : percent >= 80 ? '⚠️' : '🟢';
        const amounts = `${words.dollars(spentMicro)} / ${words.dollars(budget.micro)} (${percent} %)`;
        const anew = words.money.renews(Math.floor(until / 1_000));
        return `${mark} ${words.money.cap({ ...budget, of: plain(budget.of) })} · ${amounts} · ${anew} · \`${code(budget.id)}\``;
      });
      return {
        content: `**${words.money.budgets}** (${words.count(views.length)})`,
        embeds: [{ color: COLOUR.calm, description: lines.length === 0 ? words.money.noBudget : list(lines, words) }],
      };
    },

    savings(savings: Savings): Message {
      const { total, rows } = savings;
      const period = periodWords(savings.period);
      if (rows.length === 0) return { content: `**${period} (UTC)**: ${words.money.nothing}` };
      return {
        content: words.money.headline(`${period} (UTC)`, total, words.money.baseline(savings.baseline)),
        embeds: [
          {
            color: (total.savedMicro ?? 0) < 0 ? COLOUR.warn : COLOUR.good,
            description: `${savingsTable(rows, words)}\n${partsOf(total, words)}`,
            footer: { text: words.money.utc },
          },
        ],
      };
    },
  };
}

/** A table narrow enough for a telephone; what does not fit in is said. */
function savingsTable(rows: Savings['rows'], words: Phrases): string {
  const { paid, always, saved } = words.money.column;
  const amounts = rows.slice(0, SHOWN).map((row) => [row.paidMicro, row.baselineMicro, row.savedMicro]);
  const digits = digitsOf(amounts.flat());
  const money = (micro: MicroDollars | null): string => (micro === null ? '–' : words.dollars(micro, digits));
  const lines = amounts.map((of, i) => [clip(rows[i]?.key ?? '', NAME), ...of.map(money)]);
  const table = columns([['', paid, always, saved], ...lines], ['left', 'right', 'right', 'right'], '  ');
  const more = rows.length > SHOWN ? `\n${words.money.more(rows.length - SHOWN)}` : '';
  return `${block(table)}${more}`;
}

/** What it went to, and how long it slept. */
function partsOf(figures: Figures, words: Phrases): string {
  const parts = Object.entries(figures.paidFor)
    .filter(([, micro]) => micro !== 0)
    .map(([purpose, micro]) => `${words.money.purpose[purpose as keyof Figures['paidFor']]} ${words.dollars(micro)}`);
  const { differenceMicro, notCompared, awakeMs, asleepMs } = figures;
  return [
    ...(parts.length > 0 ? [parts.join(' · ')] : []),
    words.money.hours(words.hours(awakeMs), words.hours(asleepMs)),
    ...(notCompared.ms === 0 ? [] : [words.money.apart(words.dollars(notCompared.micro), words.hours(notCompared.ms))]),
    ...(differenceMicro === 0
      ? []
      : [plain(words.money.difference(words.dollars(Math.abs(differenceMicro)), differenceMicro < 0))]),
  ].join('\n');
}

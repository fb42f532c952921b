import { Failure } from '../../engine/domain/failures.ts';
import { LEVELS, type Level } from '../../engine/domain/log.ts';
import { command, integer, text, WORKSPACE } from '../command.ts';
import { talkOf } from '../panels/story.ts';

const SHOWN = 15;
const PAST_MAX = 1_000;

const least = (value: Level, en: string, pt: string) => ({ value, say: { en, pt } });

export const logs = command({
  path: 'logs',
  verb: 'logs',
  options: {
    workspace: WORKSPACE,
    last: integer({ en: 'So many lines', pt: 'Tantas linhas' }, { min: 1, max: 50 }),
    level: text(
      { en: 'Every line of its log that matters so much', pt: 'Cada linha do registro com esta importância' },
      {
        choices: [
          least('DEBUG', 'everything', 'tudo'),
          least('INFO', 'what happened', 'o que aconteceu'),
          least('WARNING', 'warnings and errors', 'avisos e erros'),
          least('ERROR', 'errors', 'erros'),
        ],
      },
    ),
    date: text({ en: 'Of this day (UTC): 2026-01-15', pt: 'Deste dia (UTC): 2026-01-15' }, { max: 10 }),
  },
  async run({ options: { workspace, last = SHOWN, level, date }, engine, words, now }) {
    if (level === undefined && date === undefined) {
      const told = (await engine.past(0, workspace, PAST_MAX)).filter(({ event }) => !event.endsWith('.progress'));
      const lines = told.slice(-last).map((one) => ({ at: one.at, say: words.event(talkOf(one), now) }));
      return words.answer.logs(workspace, lines.toReversed(), now);
    }
    if (date !== undefined && !isDay(date)) throw new Failure('bad_request', { why: words.say.badDay(date) });
    const most = LEVELS.find((one) => one === level) ?? 'DEBUG';
    const lines = await engine.logs(workspace, { least: most, day: date, limit: last });
    return words.answer.logs(
      workspace,
      lines.map((line) => ({ at: line.at, say: words.answer.line(line, workspace, now) })),
      now,
      words.label.noAudit,
    );
  },
});

function isDay(text: string): boolean {
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

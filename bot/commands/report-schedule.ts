import { Failure } from '../../engine/domain/failures.ts';
import type { ReportEvery } from '../../engine/domain/report.ts';
import { isZone } from '../../engine/domain/schedule.ts';
import { channel, command, LANGUAGES, required, text } from '../command.ts';
import { plain } from '../discord/message.ts';

const choice = (value: ReportEvery, en: string, pt: string) => ({ value, say: { en, pt } });

export const EVERY_CHOICES = [
  choice('daily', 'a day', 'um dia'),
  choice('weekly', 'a week, on Mondays', 'uma semana, às segundas'),
  choice('monthly', 'a month, on the first', 'um mês, no dia primeiro'),
];

export const reportSchedule = command({
  path: 'report schedule',
  verb: 'report',
  say: { en: 'Post a report here by itself', pt: 'Publicar aqui um relatório sozinho' },
  changes: true,
  options: {
    every: required(text({ en: 'Of what', pt: 'De quê' }, { choices: EVERY_CHOICES })),
    channel: channel({ en: 'Where; here if missing', pt: 'Onde; sem isto, aqui' }),
    time: text({ en: 'When, like 09:00', pt: 'Quando, como 09:00' }, { max: 5 }),
    zone: text(
      {
        en: 'The time zone, like America/Sao_Paulo; that of the last report here, or UTC, if missing',
        pt: 'O fuso, como America/Sao_Paulo; sem isto, o do último relatório daqui, ou UTC',
      },
      { max: 60 },
    ),
    language: text(
      { en: 'The language of the server if missing', pt: 'Sem isto, a língua do servidor' },
      { choices: LANGUAGES },
    ),
    workspace: text(
      { en: 'Of this one; else of all', pt: 'Deste; sem isto, de todos' },
      { suggests: 'workspace', max: 40 },
    ),
  },
  async run({ options, deed, guild, engine, asked, words }) {
    const { every, channel: where, time = '09:00', language, workspace = null } = options;
    const before = (await engine.reports()).findLast((report) => report.guild === guild.id)?.zone;
    const zone = options.zone ?? before ?? 'UTC';
    if (!isZone(zone)) throw new Failure('bad_request', { why: words.say.badZone(zone) });
    await engine.planReport(
      {
        guild: guild.id,
        channel: where ?? deed.channel,
        every: every as ReportEvery,
        time: time.padStart(5, '0'),
        zone,
        language: language === 'pt' || language === 'en' ? language : guild.language,
        workspace,
      },
      asked,
    );
    const answer = words.answer.reports(await engine.reports());
    if (options.zone !== undefined) return answer;
    return { ...answer, content: `${answer.content}\n${words.money.zoneGuessed(plain(zone))}` };
  },
});

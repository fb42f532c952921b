import { readSpan } from '../../domain/span.ts';
import type { AuditJson, SealJson } from '../../http/json/audit.ts';
import { allPages } from '../all-pages.ts';
import { command, number, text } from '../command.ts';
import { localTime } from '../local-time.ts';
import { wrong } from '../read-args.ts';
import { table } from '../table.ts';
import { count, timeOf } from '../words.ts';

/** What sysexits calls data that is not as it should be. */
const DAMAGED = 65;
const DEEDS = 100;

export const audit = command({
  name: 'audit',
  takes: [{ name: 'verify', say: 'Read all of it again, and say whether it is whole', optional: true }],
  options: {
    by: text('WHO', 'Only what this one did'),
    verb: text('VERB', 'Only this: wake, destroy, users, …'),
    on: text('WHAT', 'Only what was done to this workspace or account'),
    last: text('SPAN', 'Only of this time: 7d, 12h'),
    limit: number('COUNT', `No more than this; ${DEEDS} if you do not say`),
  },
  examples: [
    ['dumont audit --on lab --last 7d', 'who did what to it, newest first'],
    ['dumont audit verify', 'is each entry as it was written, and is none missing?'],
  ],
  async run({ words: [what], options, engine, screen, signal }) {
    if (what === 'verify') {
      const seal = await engine.get<SealJson>('/api/v1/audit/verify', {}, signal);
      if (screen.json) screen.printJson(seal);
      else screen.print(...sealLines(seal));
      return seal.whole ? 0 : DAMAGED;
    }
    if (what !== undefined) throw wrong(audit, `does not know "${what}"; only "verify"`);
    const { last, by, verb, on, limit } = options;
    const since = last === undefined ? undefined : new Date(Date.now() - readSpan(last)).toISOString();
    const answer = await allPages<AuditJson>(
      engine,
      '/api/v1/audit',
      { by, verb, on, since },
      'deeds',
      signal,
      limit ?? DEEDS,
    );
    if (screen.json) screen.printJson(answer);
    else if (answer.deeds.length === 0) screen.note('Nothing of that kind was done.');
    else
      screen.print(
        ...table<AuditJson['deeds'][number]>(
          [
            { title: 'WHEN', of: (it) => localTime(timeOf(it.at)) },
            { title: 'WHO', of: (it) => it.by },
            { title: 'WHAT', of: (it) => it.verb },
            { title: 'ON', of: (it) => it.on },
            { title: 'RESULT', of: (it) => it.result, min: 12 },
            { title: 'FROM', of: (it) => it.from ?? 'Dumont itself', drop: 1 },
            { title: 'WHY', of: (it) => it.why, min: 10, drop: 2, style: () => 'dim' },
          ],
          answer.deeds,
          screen,
        ),
      );
    return 0;
  },
});

function sealLines({ whole, entries, head, broken }: SealJson): string[] {
  if (!whole && broken) return [`The audit is not whole: ${broken.file}, line ${broken.line}: ${broken.why}.`];
  return [
    `All ${count(entries)} entries are as they were written.`,
    ...(head === null ? [] : [`  last mark  ${head}`, '  Note it down elsewhere: then a cut-off end shows too.']),
  ];
}

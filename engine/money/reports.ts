import type { Asked } from '../domain/doors.ts';
import { Failure } from '../domain/failures.ts';
import type { Ports } from '../domain/ports.ts';
import { REPORTS_MAX, type Report, type ReportChoice, UNREAD_MS } from '../domain/report.ts';
import { CLOCK_TIME, isZone } from '../domain/schedule.ts';
import { dueReport, periodOf } from '../policy/next-due.ts';
import { update } from '../steps/update.ts';
import { mustBeWorkspace } from './must-be.ts';

/**
 * Tells of each report that is due. It is noted first, and waits in its row until somebody took it: whoever posts it may be
 * away for weeks, or end together with us right now.
 */
export async function tellReports(ports: Ports): Promise<void> {
  const now = ports.clock.now();
  for (const report of await ports.store.list('reports')) {
    const due = dueReport(report, now);
    if (due === null) continue;
    const { id, guild, channel, language, zone, every, workspace, by } = report;
    const { from, until } = periodOf(every, due);
    await update(ports.store, 'reports', id, (row) => {
      const young = row.waiting.filter((one) => one.due > now - UNREAD_MS);
      return row.doneAt >= due ? null : { ...row, doneAt: due, waiting: [...young, { due, from, until }] };
    });
    ports.tell({
      event: 'report.due',
      workspace,
      report: id,
      due,
      guild,
      channel,
      language,
      zone,
      every,
      by,
      from,
      until,
    });
  }
}

export async function planReport(choice: ReportChoice, asked: Asked, ports: Ports): Promise<Report> {
  if (!isZone(choice.zone))
    throw new Failure('bad_request', { why: `"${choice.zone}" is no time zone, like Europe/Lisbon.` });
  if (!CLOCK_TIME.test(choice.time))
    throw new Failure('bad_request', { why: `"${choice.time}" is no time, like 09:00.` });
  if (choice.workspace !== null) await mustBeWorkspace(choice.workspace, ports);
  const known = await ports.store.list('reports');
  const same = known.find(
    (one) => one.channel === choice.channel && one.every === choice.every && one.workspace === choice.workspace,
  );
  if (!same && known.length >= REPORTS_MAX)
    throw new Failure('bad_request', { why: `there are ${REPORTS_MAX} reports already.` });
  const fresh = { ...choice, id: same?.id ?? ports.newId('rp'), version: same?.version ?? 0, by: asked.by };
  return await ports.store.save('reports', { ...fresh, doneAt: ports.clock.now(), waiting: same?.waiting ?? [] });
}

export async function removeReport(id: string, ports: Ports): Promise<void> {
  const row = await ports.store.read('reports', id);
  if (!row) throw new Failure('no_such_report', { report: id });
  await ports.store.remove('reports', row);
}

import * as z from 'zod';
import { REPORT_EVERY, type Report } from '../../domain/report.ts';
import { CLOCK_TIME } from '../../domain/schedule.ts';
import { InstanceId } from './instance.ts';

const Id = z.string().regex(/^\d{1,20}$/, 'expected an id of Discord, of digits');

export const NewReportJson = z.strictObject({
  guild: Id.describe('The server in Discord.'),
  channel: Id,
  every: z.enum(REPORT_EVERY).describe('Weekly on Mondays, monthly on the first.'),
  time: z.string().regex(CLOCK_TIME, 'expected a time like 09:00').default('09:00'),
  zone: z.string().max(60).default('UTC'),
  language: z.enum(['en', 'pt']).default('en'),
  instance_id: InstanceId.optional(),
});
export const ReportJson = z.object({
  id: z.string(),
  guild: z.string(),
  channel: z.string(),
  every: z.enum(REPORT_EVERY),
  time: z.string(),
  zone: z.string(),
  language: z.enum(['en', 'pt']),
  instance_id: z.string().nullable(),
  set_by: z.string(),
});
export const ReportsJson = z.object({ reports: z.array(ReportJson) });
export type ReportsJson = z.infer<typeof ReportsJson>;

export function reportJson({
  workspace,
  by,
  version: _,
  doneAt: __,
  waiting: ___,
  ...rest
}: Report): z.infer<typeof ReportJson> {
  return { ...rest, instance_id: workspace, set_by: by };
}

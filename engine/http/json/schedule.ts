import * as z from 'zod';
import { CLOCK_TIME, DAYS, type Schedule } from '../../domain/schedule.ts';
import { iso } from './wire.ts';

const MOMENT = {
  want: z.enum(['awake', 'asleep']),
  days: z.array(z.enum(DAYS)).min(1),
  time: z.string().regex(CLOCK_TIME, 'expected a time of day like 08:45'),
  zone: z
    .string()
    .max(100)
    .describe('A name of the time zone database.')
    .meta({ examples: ['Europe/Lisbon', 'America/Sao_Paulo'] }),
};

export const NewScheduleJson = z.strictObject(MOMENT);

export const ScheduleJson = z.object({
  id: z.string(),
  ...MOMENT,
  by: z.string(),
  done_at: z.iso.datetime().describe('What was due until then is carried out, or passed over.'),
});
export type ScheduleJson = z.infer<typeof ScheduleJson>;

export function scheduleJson({ doneAt, days, ...rest }: Schedule): ScheduleJson {
  return { ...rest, days: [...days], done_at: iso(doneAt) };
}

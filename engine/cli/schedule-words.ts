import { scheduleWords as when } from '../domain/schedule.ts';
import type { ScheduleJson } from '../http/json/schedule.ts';

export function scheduleWords(one: ScheduleJson): string {
  return `${one.id}: ${one.want === 'awake' ? 'wakes' : 'sleeps'} ${when(one)} (by ${one.by})`;
}

/** A time of the week at which a workspace wakes or goes to sleep by itself, on the clock of whoever made it. */
export interface Schedule {
  readonly id: string;
  readonly want: 'awake' | 'asleep';
  readonly days: readonly Day[];
  /** `08:45`, as a clock on a wall in its zone shows it. */
  readonly time: string;
  /** A name of the time zone database. */
  readonly zone: string;
  readonly by: string;
  /** What was due until then is over: carried out, or passed over. */
  readonly doneAt: number;
}

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof DAYS)[number];

const SETS: Readonly<Record<string, readonly Day[]>> = {
  daily: DAYS,
  weekdays: DAYS.slice(0, 5),
  weekends: DAYS.slice(5),
};

export const CLOCK_TIME = /^([01]\d|2[0-3]):[0-5]\d$/;

/** `weekdays 08:45`, `mon,wed 22:00`, `daily 7:30`; null when it says no such thing. */
export function readMoment(text: string): Pick<Schedule, 'days' | 'time'> | null {
  const [, when = '', given = ''] = /^(\S+)\s+(\d{1,2}:\d\d)$/.exec(text.trim().toLowerCase()) ?? [];
  const time = given.padStart(5, '0');
  const named = when.split(',').flatMap((word) => SETS[word] ?? DAYS.filter((day) => day === word.slice(0, 3)));
  const known = when.split(',').every((word) => Object.hasOwn(SETS, word) || LONG.test(word));
  if (!known || !CLOCK_TIME.test(time)) return null;
  return { days: DAYS.filter((day) => named.includes(day)), time };
}

const LONG = /^(mon(day)?|tue(s(day)?)?|wed(nesday)?|thu(r(s(day)?)?)?|fri(day)?|sat(urday)?|sun(day)?)$/;

/** As `readMoment` reads it. */
function momentWords({ days, time }: Pick<Schedule, 'days' | 'time'>): string {
  const set = Object.entries(SETS).find(([, these]) => these.join() === days.join());
  return `${set?.[0] ?? days.join(',')} ${time}`;
}

export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

export const SCHEDULES_MAX = 20;

/** `weekdays 08:45 Europe/Lisbon`. */
export function scheduleWords(one: Pick<Schedule, 'days' | 'time' | 'zone'>): string {
  return `${momentWords(one)} ${one.zone}`;
}

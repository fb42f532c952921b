import { VERBS, type VerbName } from '../domain/verbs.ts';
import type { Command } from './command.ts';

type Name =
  | VerbName
  | 'backup'
  | 'tour'
  | 'login'
  | 'logout'
  | 'completion'
  | 'local'
  | 'discord'
  | 'deploy'
  | 'doctor'
  | 'key'
  | 'operations'
  | 'alerts'
  | 'drills';

type Load = () => Promise<Command>;

const EVERY_DAY = {
  tour: async () => (await import('./commands/tour.ts')).tour,
  create: async () => (await import('./commands/create.ts')).create,
  wake: async () => (await import('./commands/wake.ts')).wake,
  status: async () => (await import('./commands/status.ts')).status,
  ssh: async () => (await import('./commands/ssh.ts')).ssh,
  hibernate: async () => (await import('./commands/hibernate.ts')).hibernate,
} as const satisfies Partial<Record<Name, Load>>;

const AWAKE = {
  run: async () => (await import('./commands/run.ts')).run,
  keep: async () => (await import('./commands/keep.ts')).keep,
  snapshot: async () => (await import('./commands/snapshot.ts')).snapshot,
  pause: async () => (await import('./commands/pause.ts')).pause,
  resume: async () => (await import('./commands/pause.ts')).resume,
  schedule: async () => (await import('./commands/schedule.ts')).schedule,
  standby: async () => (await import('./commands/standby.ts')).standby,
  configure: async () => (await import('./commands/configure.ts')).configure,
  logs: async () => (await import('./commands/logs.ts')).logs,
  abandon: async () => (await import('./commands/abandon.ts')).abandon,
} as const satisfies Partial<Record<Name, Load>>;

const SAVED = {
  snapshots: async () => (await import('./commands/snapshots.ts')).snapshots,
  restore: async () => (await import('./commands/restore.ts')).restore,
  files: async () => (await import('./commands/files.ts')).files,
  clone: async () => (await import('./commands/clone.ts')).clone,
  give: async () => (await import('./commands/give.ts')).give,
  pin: async () => (await import('./commands/pin.ts')).pin,
  forget: async () => (await import('./commands/pin.ts')).forget,
  drill: async () => (await import('./commands/drill.ts')).drill,
  drills: async () => (await import('./commands/drills.ts')).drills,
  backup: async () => (await import('./commands/backup.ts')).backup,
  rekey: async () => (await import('./commands/rekey.ts')).rekey,
  destroy: async () => (await import('./commands/destroy.ts')).destroy,
} as const satisfies Partial<Record<Name, Load>>;

const MONEY = {
  offers: async () => (await import('./commands/offers.ts')).offers,
  hosts: async () => (await import('./commands/hosts.ts')).hosts,
  plans: async () => (await import('./commands/plans.ts')).plans,
  savings: async () => (await import('./commands/savings.ts')).savings,
  budget: async () => (await import('./commands/budget.ts')).budget,
  report: async () => (await import('./commands/report.ts')).report,
} as const satisfies Partial<Record<Name, Load>>;

const PEOPLE = {
  share: async () => (await import('./commands/share.ts')).share,
  users: async () => (await import('./commands/users.ts')).users,
  tokens: async () => (await import('./commands/tokens.ts')).tokens,
  audit: async () => (await import('./commands/audit.ts')).audit,
  operations: async () => (await import('./commands/operations.ts')).operations,
  alerts: async () => (await import('./commands/alerts.ts')).alerts,
} as const satisfies Partial<Record<Name, Load>>;

const HERE = {
  login: async () => (await import('./commands/login.ts')).login,
  logout: async () => (await import('./commands/login.ts')).logout,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
  key: async () => (await import('./commands/key.ts')).key,
  recover: async () => (await import('./commands/recover.ts')).recover,
  discord: async () => (await import('./commands/discord.ts')).discord,
  deploy: async () => (await import('./commands/deploy.ts')).deploy,
  local: async () => (await import('./commands/local.ts')).local,
  completion: async () => (await import('./commands/completion.ts')).completion,
} as const satisfies Partial<Record<Name, Load>>;

/** As they are listed to people. */
export const GROUPS: readonly (readonly [string, readonly string[]])[] = [
  ['Every day', Object.keys(EVERY_DAY)],
  ['While it is awake, and when', Object.keys(AWAKE)],
  ['What is saved', Object.keys(SAVED)],
  ['Machines and money', Object.keys(MONEY)],
  ['Who may, who did, and what is wrong', Object.keys(PEOPLE)],
  ['This computer, and the engine', Object.keys(HERE)],
];

/** Every command, loaded only when it is called: a quick answer begins with reading little. */
const COMMANDS: Readonly<Record<Name, Load>> = {
  ...EVERY_DAY,
  ...AWAKE,
  ...SAVED,
  ...MONEY,
  ...PEOPLE,
  ...HERE,
};

export const NAMES = Object.keys(COMMANDS) as readonly Name[];

export async function loadCommand(name: string): Promise<Command | null> {
  return Object.hasOwn(COMMANDS, name) ? await COMMANDS[name as Name]() : null;
}

/** What a command does, in one line. */
export function wordsOf(name: string): string {
  if (Object.hasOwn(VERBS, name)) return VERBS[name as VerbName].say.en;
  return OTHERS[name as keyof typeof OTHERS];
}

/** What is no verb: another view of what verbs do, or something that only this computer has. */
const OTHERS: Readonly<Record<Exclude<Name, VerbName>, string>> = {
  tour: 'See it all in about a minute, on this computer: race, backup, sleep, and the same files back',
  operations: 'What was asked for, and how it ended',
  alerts: 'What is wrong right now, and what to do',
  drills: 'When backups were really restored to try them, and how long that took',
  backup: 'List, create and restore backups, by the words of the backup API',
  login: 'Talk to an engine elsewhere from now on',
  logout: 'Talk to the engine of this computer again',
  completion: 'A script that completes these commands in your shell',
  discord: 'Set up a bot for Discord, or get a code that links you to it',
  local: 'Pull the levers of the local marketplace',
  doctor: 'Look whether everything is there that Dumont needs, and say how to mend what is not',
  key: 'Show that you keep the recovery key, or replace it and the master key behind it',
  deploy: 'Pack this Dumont as the release that "npx pulumi up" puts on the control host',
};

import type { VerbName } from '../engine/domain/verbs.ts';
import type { Command } from './command.ts';
import { abandon } from './commands/abandon.ts';
import { alerts } from './commands/alerts.ts';
import { audit } from './commands/audit.ts';
import { backupDrill } from './commands/backup-drill.ts';
import { backupRekey } from './commands/backup-rekey.ts';
import { backupSettings } from './commands/backup-settings.ts';
import { backupStatus } from './commands/backup-status.ts';
import { budget } from './commands/budget.ts';
import { configure } from './commands/configure.ts';
import { diag } from './commands/diag.ts';
import { hibernate } from './commands/hibernate.ts';
import { hosts } from './commands/hosts.ts';
import { keep } from './commands/keep.ts';
import { link } from './commands/link.ts';
import { logs } from './commands/logs.ts';
import { machineCreate } from './commands/machine-create.ts';
import { machineDestroy } from './commands/machine-destroy.ts';
import { machinePause } from './commands/machine-pause.ts';
import { machineResume } from './commands/machine-resume.ts';
import { offers } from './commands/offers.ts';
import { plans } from './commands/plans.ts';
import { recover } from './commands/recover.ts';
import { reportList } from './commands/report-list.ts';
import { reportNow } from './commands/report-now.ts';
import { reportRemove } from './commands/report-remove.ts';
import { reportSchedule } from './commands/report-schedule.ts';
import { restoreDate } from './commands/restore-date.ts';
import { restoreLatest } from './commands/restore-latest.ts';
import { restorePath } from './commands/restore-path.ts';
import { restoreSnapshot } from './commands/restore-snapshot.ts';
import { run } from './commands/run.ts';
import { savings } from './commands/savings.ts';
import { schedule } from './commands/schedule.ts';
import { settings } from './commands/settings.ts';
import { share } from './commands/share.ts';
import { snapshotClone } from './commands/snapshot-clone.ts';
import { snapshotCreate } from './commands/snapshot-create.ts';
import { snapshotDelete } from './commands/snapshot-delete.ts';
import { snapshotFiles } from './commands/snapshot-files.ts';
import { snapshotList } from './commands/snapshot-list.ts';
import { snapshotPin } from './commands/snapshot-pin.ts';
import { snapshotRetention } from './commands/snapshot-retention.ts';
import { snapshotShare } from './commands/snapshot-share.ts';
import { ssh } from './commands/ssh.ts';
import { standby } from './commands/standby.ts';
import { status } from './commands/status.ts';
import { tokens } from './commands/tokens.ts';
import { users } from './commands/users.ts';
import { wake } from './commands/wake.ts';

/** What each verb is called in Discord. A verb that has no line here does not compile. */
const OF_VERBS: Readonly<Record<VerbName, Command>> = {
  create: machineCreate,
  wake,
  hibernate,
  pause: machinePause,
  resume: machineResume,
  snapshot: snapshotCreate,
  run,
  keep,
  standby,
  schedule,
  configure,
  restore: restoreSnapshot,
  abandon,
  share,
  status,
  snapshots: snapshotList,
  files: snapshotFiles,
  pin: snapshotPin,
  clone: snapshotClone,
  give: snapshotShare,
  drill: backupDrill,
  rekey: backupRekey,
  forget: snapshotDelete,
  plans,
  savings,
  report: reportNow,
  budget,
  recover,
  ssh,
  logs,
  offers,
  hosts,
  users,
  tokens,
  audit,
  destroy: machineDestroy,
};

/** Other ways to ask for the same, and what only Discord needs. */
const BESIDES: readonly Command[] = [
  restoreLatest,
  restoreDate,
  restorePath,
  snapshotRetention,
  backupSettings,
  backupStatus,
  link,
  settings,
  reportSchedule,
  reportList,
  reportRemove,
  alerts,
  diag,
];

export const COMMANDS: ReadonlyMap<string, Command> = new Map(
  [...Object.values(OF_VERBS), ...BESIDES].map((command) => [command.path, command]),
);

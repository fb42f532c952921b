import { expect, test } from 'vitest';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import { noUpkeep } from '../../engine/domain/upkeep.ts';
import { type AlertSight, alarms } from '../../engine/policy/alerts.ts';
import { aMachine, aSnapshot } from '../contracts/store-rows.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = 1_700_000_000_000;
const limits = DEFAULTS.upkeep;

const backup = {
  state: 'waiting' as const,
  everyMs: 5 * MINUTE,
  durableAt: NOW - MINUTE,
  changedAt: null as number | null,
  filesPending: 0,
  lastMs: 10_000,
  failures: 0,
  failedWhy: null as string | null,
  watching: 'inotify' as const,
};
const machine = aMachine({ state: 'running', complete: true, since: NOW - HOUR });
const calm: AlertSight = {
  machine,
  status: { backup, credentialsUntil: NOW + 10 * HOUR },
  snapshots: [aSnapshot({ provedAt: NOW, completedAt: NOW, createdAt: NOW, vaultedAt: null })],
  upkeep: noUpkeep('lab'),
  storageBytesMax: 100e9,
  hasVault: true,
  now: NOW,
};
const drill = { at: NOW, snapshot: 'abcdef0123', ok: false, why: '2 of 9 files are not as they were: a, b' };
const waits = { why: 'Another backup of lab is running.', since: NOW - 2 * HOUR, locked: true };

test.each<readonly [string, Partial<AlertSight>, readonly (readonly [string, string])[]]>([
  ['a workspace that is well', {}, []],
  ['one that sleeps', { machine: null, status: null }, []],
  ['two failed backups', { status: { backup: { ...backup, failures: 2 }, credentialsUntil: null } }, []],
  [
    'three failed backups',
    { status: { backup: { ...backup, failures: 3, failedWhy: 'the disk is full' }, credentialsUntil: null } },
    [['backups_failing', '3 backups in a row failed: the disk is full']],
  ],
  [
    'a change that waits for its turn',
    { status: { backup: { ...backup, changedAt: NOW - 9 * MINUTE }, credentialsUntil: null } },
    [],
  ],
  [
    'a backup that is late',
    { status: { backup: { ...backup, changedAt: NOW - 11 * MINUTE }, credentialsUntil: null } },
    [['backup_late', 'what changed 11 minutes ago is in no backup']],
  ],
  [
    'a machine that fell silent',
    { machine: aMachine({ state: 'stranded', since: NOW - 6 * MINUTE }), status: null, snapshots: [] },
    [['backup_late', 'its machine has been silent for 6 minutes']],
  ],
  [
    'as much with a wake image, which may go',
    { upkeep: { ...noUpkeep('lab'), hot: { bytes: 99e9, imageBytes: 40e9, objects: 1, at: NOW } } },
    [],
  ],
  ['80 % of its storage', { upkeep: { ...noUpkeep('lab'), hot: { bytes: 80e9, objects: 1, at: NOW } } }, []],
  [
    'more than that',
    { upkeep: { ...noUpkeep('lab'), hot: { bytes: 81e9, objects: 1, at: NOW } } },
    [['storage_full', 'its backups take 81.0 GB, 81 % of what its plan has']],
  ],
  [
    'a drill that failed',
    { upkeep: { ...noUpkeep('lab'), drill } },
    [['drill_failed', 'snapshot abcdef01 was restored to try it: 2 of 9 files are not as they were: a, b']],
  ],
  ['a drill that went well', { upkeep: { ...noUpkeep('lab'), drill: { ...drill, ok: true } } }, []],
  ['damage', { upkeep: { ...noUpkeep('lab'), damage: 'a pack is gone' } }, [['repository_damaged', 'a pack is gone']]],
  [
    'a vault that lacks what is two days old',
    { snapshots: [aSnapshot({ provedAt: 1, completedAt: NOW - 48 * HOUR })] },
    [['vault_behind', 'its vault lacks what is 2 days old']],
  ],
  [
    'a second copy that has not answered for two days',
    {
      upkeep: { ...noUpkeep('lab'), missed: { elsewhere: { why: 'it is on fire', since: NOW - 48 * HOUR, at: NOW } } },
    },
    [['vault_behind', 'its copy "elsewhere" has not been brought up to date for 2 days: it is on fire']],
  ],
  [
    'one that has not for an hour',
    { upkeep: { ...noUpkeep('lab'), missed: { elsewhere: { why: 'it is on fire', since: NOW - HOUR, at: NOW } } } },
    [],
  ],
  ['the same without a vault', { snapshots: [aSnapshot({ provedAt: 1, completedAt: 1 })], hasVault: false }, []],
  [
    'a repository that something holds',
    { upkeep: { ...noUpkeep('lab'), waits } },
    [['stuck_lock', 'for 2 hours something has held its repository: Another backup of lab is running.']],
  ],
  ['one that waits for other reasons', { upkeep: { ...noUpkeep('lab'), waits: { ...waits, locked: false } } }, []],
  [
    'keys that end soon',
    { status: { backup, credentialsUntil: NOW + 30 * MINUTE } },
    [['credentials_ending', 'the keys of its machine for storage end in 30 minutes']],
  ],
])('%s', (_, over, expected) => {
  expect(alarms({ ...calm, ...over }, limits)).toEqual(expected);
});

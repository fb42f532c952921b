/** restic's command lines, as data. Snapshots are named by their full id only: an abbreviation or `latest` reads every snapshot. */

/** Needs no repository, and sends nothing anywhere. */
export const version = (): readonly string[] => ['version', '--json'];

export interface Reach {
  readonly region: string;
  readonly connections: number;
}

export const init = (reach: Reach): readonly string[] => ['init', '--repository-version', '2', ...common(reach)];

/** The cheapest question that needs both the repository and its password. */
export const catConfig = (reach: Reach): readonly string[] => ['cat', 'config', '--no-lock', ...common(reach)];

export const catMasterKey = (reach: Reach): readonly string[] => ['cat', 'masterkey', '--no-lock', ...common(reach)];

export interface Backup extends Reach {
  /** Fixed for a workspace, whatever machine it runs on: restic finds nothing again under another host. */
  readonly host: string;
  /** The full id of the snapshot to compare with; null reads every byte. */
  readonly parent: string | null;
  /** The parent was taken on another machine, so its inodes and ctimes say nothing. */
  readonly ignoreInode: boolean;
  readonly time: number;
  readonly tags: readonly string[];
  /** The file of patterns that `exclude-patterns.ts` writes. */
  readonly excludeFile: string;
  /** Relative to the working directory, which is the machine's root: the snapshot then begins with root/, workspace/, data/. */
  readonly targets: readonly string[];
  /** Names more targets, each ended by a NUL byte. */
  readonly filesFrom?: string | null;
}

export function backup(order: Backup): readonly string[] {
  return [
    'backup',
    ...common(order),
    ...RETRY_LOCK,
    // Our own walk has counted already.
    '--no-scan',
    ...(order.parent === null ? ['--force'] : ['--parent', order.parent]),
    ...(order.ignoreInode ? ['--ignore-inode'] : []),
    ...order.tags.flatMap((tag) => ['--tag', tag]),
    '--host',
    order.host,
    '--time',
    timeOf(order.time),
    '--exclude-file',
    order.excludeFile,
    ...(order.filesFrom ? ['--files-from-raw', order.filesFrom] : []),
    '--',
    ...order.targets,
  ];
}

export interface Restore extends Reach {
  readonly snapshot: string;
  /** `/workspace`: what lies below it in the snapshot goes to the target. */
  readonly folder: string;
  readonly target: string;
  readonly only: { readonly includeFile: string } | { readonly excludeFile: string } | null;
  /** Only says what it would bring. */
  readonly dryRun?: boolean;
}

/**
 * Takes no lock: a machine may hold credentials that only read, and nothing is pruned while a workspace wakes. Files of
 * the right size and time are taken for done, so a restore that was killed goes on where it was.
 */
export function restore(order: Restore): readonly string[] {
  const { only } = order;
  const filter =
    only === null
      ? []
      : 'includeFile' in only
        ? ['--include-file', only.includeFile]
        : ['--exclude-file', only.excludeFile];
  return [
    'restore',
    ...common(order),
    ...(order.dryRun ? ['--dry-run'] : []),
    '--no-lock',
    '--sparse',
    '--overwrite',
    'if-changed',
    ...filter,
    '--target',
    order.target,
    '--',
    `${order.snapshot}:${order.folder}`,
  ];
}

/** All of them, or those with these ids. */
export const snapshots = (reach: Reach, ids: readonly string[]): readonly string[] => [
  'snapshots',
  '--no-lock',
  ...common(reach),
  ...ids,
];

export const ls = (reach: Reach, snapshot: string): readonly string[] => [
  'ls',
  '--no-lock',
  ...common(reach),
  snapshot,
];

/** The bytes of one file on standard output; with `archive` a directory, or with the path '' everything, as a tar. */
export const dump = (reach: Reach, snapshot: string, path: string, archive = false): readonly string[] => [
  'dump',
  '--no-lock',
  ...common(reach),
  ...(archive ? ['--archive', 'tar'] : []),
  '--',
  snapshot,
  `/${path}`,
];

/** From the repository that the environment names as the other one, which nobody compacts meanwhile. */
export const copy = (reach: Reach, id: string): readonly string[] => [
  'copy',
  '--no-lock',
  ...common(reach),
  ...RETRY_LOCK,
  '--',
  id,
];

/** Gives a snapshot to another host, under another id; the old one goes. */
export const rehost = (reach: Reach, id: string, host: string): readonly string[] => [
  'rewrite',
  ...common(reach),
  ...RETRY_LOCK,
  '--new-host',
  host,
  '--forget',
  '--',
  id,
];

export const forget = (reach: Reach, ids: readonly string[]): readonly string[] => [
  'forget',
  ...common(reach),
  ...RETRY_LOCK,
  '--',
  ...ids,
];

/**
 * Takes out what no snapshot needs, and joins small packs and all indexes: a restore asks once for each of them. Waits only
 * shortly for machines that back up, since it is done again soon.
 */
export const prune = (reach: Reach): readonly string[] => ['prune', ...common(reach), '--retry-lock', '20s'];

/** Removes only packs of which nothing is needed: no data is read for it, and none written anew. */
export const pruneWhole = (reach: Reach): readonly string[] => [...prune(reach), '--max-repack-size', '0'];

/**
 * Compares what the index promises with what is there. With `readData`, as `5%`, that part of the bytes is read too, and
 * nothing is believed of what lies in the cache.
 */
export const check = (reach: Reach, readData: string | null): readonly string[] => [
  'check',
  '--no-lock',
  ...common(reach),
  ...(readData === null ? ['--with-cache'] : ['--read-data-subset', readData]),
];

/** Removes locks that are older than 30 min, or whose process on this very host is dead. Never those of a machine that may live. */
export const unlock = (reach: Reach): readonly string[] => ['unlock', ...common(reach)];

/** Backups share the repository; only forget and prune, on the control host, have it for themselves, and not for long. */
const RETRY_LOCK = ['--retry-lock', '2m'];

function common({ region, connections }: Reach): readonly string[] {
  return ['--json', '-o', `s3.region=${region}`, '-o', 's3.bucket-lookup=path', '-o', `s3.connections=${connections}`];
}

/** restic reads it in its own zone, which `environment.ts` sets to UTC. */
function timeOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

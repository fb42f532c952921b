import * as z from 'zod';

/**
 * What restic prints with `--json`: lines of JSON among lines of text, on both of its outputs. Fields that are zero are
 * left out, and new kinds of lines may appear, so what is not understood is nothing, never an error.
 */
const Line = z.discriminatedUnion('message_type', [
  z.object({
    message_type: z.literal('status'),
    bytes_done: z.number().default(0),
    files_done: z.number().default(0),
    bytes_restored: z.number().default(0),
    bytes_skipped: z.number().default(0),
    files_restored: z.number().default(0),
    files_skipped: z.number().default(0),
  }),
  z.object({
    message_type: z.literal('summary'),
    /** Of a backup; absent when nothing was saved. */
    snapshot_id: z.string().optional(),
    total_files_processed: z.number().default(0),
    data_added_packed: z.number().default(0),
    /** Of a restore. */
    files_restored: z.number().default(0),
    files_skipped: z.number().default(0),
    bytes_restored: z.number().default(0),
    bytes_skipped: z.number().default(0),
  }),
  z.object({
    message_type: z.literal('error'),
    error: z.object({ message: z.string().default('') }).default({ message: '' }),
    item: z.string().default(''),
    /** Of a check, which has no item. */
    message: z.string().default(''),
  }),
  z.object({ message_type: z.literal('exit_error'), code: z.number(), message: z.string() }),
  z.object({ message_type: z.literal('initialized'), id: z.string() }),
  z.object({ message_type: z.literal('version'), version: z.string() }),
]);
export type ResticLine = z.infer<typeof Line>;

export function readLine(line: string): ResticLine | null {
  return Line.safeParse(parse(line)).data ?? null;
}

const Node = z.object({
  message_type: z.literal('node'),
  path: z.string(),
  type: z.string(),
  size: z.number().default(0),
  mode: z.number().default(0),
  mtime: z.string(),
});

/** A thing in a snapshot, as `ls` lists it. Bytes of its name that are not UTF-8 were lost to U+FFFD. */
export interface ListedNode {
  /** Without the leading slash. */
  readonly path: string;
  readonly type: 'file' | 'dir' | 'link' | 'other';
  readonly sizeBytes: number;
  /** As chmod takes it. */
  readonly mode: number;
  /** With its fraction. */
  readonly mtimeMs: number;
}

export function readNode(line: string): ListedNode | null {
  const node = Node.safeParse(parse(line)).data;
  if (!node) return null;
  return {
    path: node.path.replace(/^\//, ''),
    type: TYPES[node.type] ?? 'other',
    sizeBytes: node.size,
    mode: unixMode(node.mode),
    mtimeMs: exactMs(node.mtime),
  };
}

/** restic prints nanoseconds, of which Date keeps milliseconds. */
function exactMs(time: string): number {
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? '0';
  return Math.floor(Date.parse(time) / 1000) * 1000 + Number(`0.${fraction}`) * 1000;
}

const TYPES: Readonly<Record<string, ListedNode['type']>> = { file: 'file', dir: 'dir', symlink: 'link' };

/** Go keeps setuid, setgid and sticky in bits of its own. */
function unixMode(mode: number): number {
  const setuid = mode & (1 << 23) ? 0o4000 : 0;
  const setgid = mode & (1 << 22) ? 0o2000 : 0;
  const sticky = mode & (1 << 20) ? 0o1000 : 0;
  return (mode & 0o777) | setuid | setgid | sticky;
}

const ListedSnapshot = z.object({
  id: z.string().regex(/^[0-9a-f]{64}$/),
  time: z.string(),
  hostname: z.string().default(''),
  tags: z.array(z.string()).nullish(),
});
export type ListedSnapshot = z.infer<typeof ListedSnapshot>;

export function readSnapshots(stdout: string): readonly ListedSnapshot[] {
  return z.array(ListedSnapshot).parse(JSON.parse(stdout));
}

const MasterKey = z.object({ mac: z.object({ k: z.string(), r: z.string() }), encrypt: z.string() });
export type MasterKey = z.infer<typeof MasterKey>;

export function readMasterKey(stdout: string): MasterKey {
  return MasterKey.parse(JSON.parse(stdout));
}

function parse(line: string): unknown {
  if (!line.startsWith('{')) return null;
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Document, isMap, isPair, isScalar, LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod';
import { Failure, reasonOf } from '../../domain/failures.ts';
import { didYouMean } from '../../domain/near.ts';
import { issueWords } from '../../http/issue-words.ts';
import type { ConfigureJson } from '../../http/json/create.ts';
import { present } from '../../http/json/wire.ts';
import { fileTrouble } from '../file-trouble.ts';
import { readKey } from '../read-key.ts';
import { keysAt, WorkspaceFile } from './schema.ts';

const KILOBYTES_MAX = 256;
const GB = 1_000_000_000;
const MB = 1_000_000;

/** Reads a workspace file, YAML or JSON, and says every mistake in it at once: its line, its field, what is allowed. */
export function readWorkspaceFile(file: string): ConfigureJson {
  const text = textOf(file);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, strict: true });
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0) {
    throw mistakes(
      file,
      broken.map(({ message, pos }) => ({ line: lines.linePos(pos[0]).line, say: message })),
    );
  }
  if (!isMap(document.contents)) throw mistakes(file, [{ line: 1, say: 'expected lines like "gpu: RTX 4090"' }]);
  const read = WorkspaceFile.safeParse(plainOf(document, file), { error: issueWords });
  if (read.success) return specOf(read.data, dirname(resolve(file)));
  throw mistakes(
    file,
    read.error.issues.flatMap((issue) => said(issue, document, lines)),
  );
}

function textOf(file: string): string {
  try {
    const bytes = readFileSync(file === '-' ? 0 : file);
    if (bytes.length > KILOBYTES_MAX * 1_000) throw new Error(`it is larger than ${KILOBYTES_MAX} kB`);
    return bytes.toString('utf8');
  } catch (cause) {
    throw new Failure('bad_path', { path: file, why: fileTrouble(cause) }, { cause });
  }
}

/** A few lines can stand for millions by names that stand for names; the parser refuses to follow those. */
function plainOf(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw mistakes(file, [{ line: 1, say: reasonOf(cause) }], cause);
  }
}

interface Mistake {
  readonly line: number;
  readonly say: string;
}

function said(issue: z.core.$ZodIssue, document: Document, lines: LineCounter): Mistake[] {
  const { path } = issue;
  const at = (place: readonly PropertyKey[]) => lineOf(document, lines, place);
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(path);
    return issue.keys.map((key) => {
      const near = didYouMean(key, known);
      const allowed = near === '' ? ` Known here: ${known.join(', ')}.` : near;
      return { line: at([...path, key]), say: `unknown key "${[...path, key].join('.')}".${allowed}` };
    });
  }
  const why = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return [{ line: at(path), say: `${path.join('.')}: ${why}` }];
}

/** Of the key where there is one, of the nearest thing around it where there is none. */
function lineOf(document: Document, lines: LineCounter, place: readonly PropertyKey[]): number {
  const last = place.at(-1);
  if (last === undefined) return 1;
  const around = place.slice(0, -1);
  const parent = around.length === 0 ? document.contents : document.getIn(around, true);
  if (isMap(parent)) {
    const pair = parent.items.find((each) => isPair(each) && isScalar(each.key) && String(each.key.value) === last);
    const start = pair && isScalar(pair.key) ? pair.key.range?.[0] : undefined;
    if (start !== undefined) return lines.linePos(start).line;
  }
  const node = document.getIn(place, true) as { range?: readonly number[] } | undefined;
  const start = node?.range?.[0];
  return start === undefined ? lineOf(document, lines, around) : lines.linePos(start).line;
}

function mistakes(file: string, all: readonly Mistake[], cause?: unknown): Failure {
  const name = file === '-' ? 'the input' : file;
  const [only] = all;
  const why =
    all.length === 1 && only
      ? `${name}, line ${only.line}: ${only.say}`
      : `${name} has ${all.length} mistakes:\n${all.map(({ line, say }) => `  line ${line}: ${say}`).join('\n')}`;
  return new Failure('bad_request', { why: /[.?]$/.test(why) ? why : `${why}.` }, { cause });
}

/** As the API wants it. Files of keys are found from where the workspace file lies. */
function specOf(file: WorkspaceFile, folder: string): ConfigureJson {
  const { gpu, need, idle } = file;
  const spec = {
    image: file.image,
    need: gpu === undefined ? need : { ...need, gpu },
    disk_gb: file.disk_gb,
    ports: file.ports,
    public_keys: file.public_keys?.map((key) => (key.startsWith('file:') ? keyIn(key.slice(5).trim(), folder) : key)),
    environment:
      file.environment && Object.fromEntries(Object.entries(file.environment).map(([name, it]) => [name, String(it)])),
    include_paths: file.include,
    exclude_paths: file.exclude,
    file_bytes_max: file.file_gb_max && Math.round(file.file_gb_max * GB),
    plan: file.plan,
    backup_every_ms: file.backup_every,
    retention_days: file.retention_days,
    idle: idle && {
      hibernate: idle.hibernate,
      idle_ms: idle.after,
      grace_ms: idle.grace,
      first_ms: idle.first,
      gpu_busy_percent: idle.gpu_busy_percent,
      gpu_memory_moved_mb: idle.gpu_memory_moved_mb,
      cpu_busy_percent: idle.cpu_busy_percent,
      disk_busy_bytes_per_second: idle.disk_busy_mb_per_second && idle.disk_busy_mb_per_second * MB,
      network_busy_bytes_per_second: idle.network_busy_mb_per_second && idle.network_busy_mb_per_second * MB,
      attached_ms: idle.attached,
      unknown_ms: idle.unknown,
    },
    wake_image: file.wake_image,
    after_wake: file.after_wake,
  };
  return present(spec) as ConfigureJson;
}

function keyIn(path: string, folder: string): string {
  return readKey(path.startsWith('~/') ? path : resolve(folder, path));
}

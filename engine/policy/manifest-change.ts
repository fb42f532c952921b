import { ManifestGone, ManifestHead, ManifestLine } from '../domain/agent-protocol.ts';
import { SHA256 } from '../domain/agent-shapes.ts';
import { Failure } from '../domain/failures.ts';
import { contentHash } from './content-hash.ts';

/**
 * A manifest as text: whole, or what differs from a whole one. A change of a change there is never, so that whoever needs a
 * snapshot reads two objects at most.
 */
export interface Base {
  /** Its snapshot. */
  readonly id: string;
  readonly contentHash: string;
  readonly lines: readonly ManifestLine[];
}

/** What differs from the base; the whole where that would save little, or where two things go by one name. */
export function manifestText(
  lines: readonly ManifestLine[],
  base: Base | null,
  backup?: ManifestHead['backup'],
): { readonly text: string; readonly base: string | null } {
  const texts = lines.map((line) => `${JSON.stringify(line)}\n`);
  const whole = { text: [...(backup ? [`${JSON.stringify({ backup })}\n`] : []), ...texts].join(''), base: null };
  if (base === null || namesTwice(lines) || namesTwice(base.lines)) return whole;
  const before = new Map(base.lines.map((line) => [line.path, `${JSON.stringify(line)}\n`]));
  const head: ManifestHead = { base: base.id, baseContentHash: base.contentHash, ...(backup && { backup }) };
  const change = [`${JSON.stringify(head)}\n`];
  lines.forEach((line, index) => {
    if (before.get(line.path) !== texts[index]) change.push(texts[index]!);
    before.delete(line.path);
  });
  for (const path of before.keys()) change.push(`${JSON.stringify({ path, gone: true } satisfies ManifestGone)}\n`);
  const text = change.join('');
  return text.length * CHANGE_PART > whole.text.length ? whole : { text, base: base.id };
}

/** What the first line says, where it is not one of a file. */
export function headOf(text: Uint8Array): ManifestHead | null {
  const first = linesOf(text).next();
  return first.done ? null : (ManifestHead.safeParse(first.value).data ?? null);
}

/** The lines of a snapshot. Neither a base nor a result that is not the one meant is used for anything. */
export function readManifest(text: Uint8Array, baseText: Uint8Array | null, expected: string): readonly ManifestLine[] {
  const head = headOf(text);
  const lines = head?.base === undefined ? wholeLines(text) : merged(head, text, baseText);
  if (contentHash(lines) !== expected)
    throw new Failure('restore_differs', { why: 'the manifest in storage is not that of the snapshot' });
  return lines;
}

export function wholeLines(text: Uint8Array): readonly ManifestLine[] {
  return [...linesOf(text, headOf(text) === null ? 0 : 1)].map(lineFrom);
}

function merged(head: ManifestHead, text: Uint8Array, baseText: Uint8Array | null): readonly ManifestLine[] {
  if (baseText === null)
    throw new Failure('restore_differs', { why: 'the manifest that its own is a change of is not there' });
  if (headOf(baseText)?.base !== undefined)
    throw new Failure('restore_differs', { why: 'the manifest that its own is a change of is a change itself' });
  const base = wholeLines(baseText);
  if (contentHash(base) !== head.baseContentHash)
    throw new Failure('restore_differs', { why: 'the manifest that its own is a change of is not the one it means' });
  const lines = new Map(base.map((line) => [line.path, line]));
  for (const said of linesOf(text, 1)) {
    const gone = ManifestGone.safeParse(said);
    if (gone.success) lines.delete(gone.data.path);
    else {
      const line = lineFrom(said);
      lines.set(line.path, line);
    }
  }
  return [...lines.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** Somebody waits for tens of thousands of lines that are as most are, and for them zod takes the longest. */
const lineFrom = (said: unknown): ManifestLine => (isUsual(said) ? said : ManifestLine.parse(said));

/** Obviously a directory or a file, with nothing special about it. */
function isUsual(said: unknown): said is ManifestLine {
  if (typeof said !== 'object' || said === null) return false;
  const { path, type, mode, mtimeMs, sizeBytes, sha256, ctimeMs = null } = said as Readonly<Record<string, unknown>>;
  const isThing =
    typeof path === 'string' && Number.isSafeInteger(mode) && Number.isFinite(mtimeMs) && Number.isFinite(sizeBytes);
  if (ctimeMs !== null && !Number.isSafeInteger(ctimeMs)) return false;
  const fields = Object.keys(said).length - (ctimeMs === null ? 0 : 1);
  if (type === 'dir') return isThing && fields === 5;
  return isThing && type === 'file' && fields === 6 && typeof sha256 === 'string' && SHA256.test(sha256);
}

/** Line by line, since a text of everything may be longer than a string can be. */
function* linesOf(text: Uint8Array, from = 0): Generator<unknown> {
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
  let count = 0;
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(10, start);
    const stop = end === -1 ? bytes.length : end;
    if (stop > start && count++ >= from) yield JSON.parse(bytes.toString('utf8', start, stop));
    start = stop + 1;
  }
}

const namesTwice = (lines: readonly ManifestLine[]): boolean =>
  new Set(lines.map((line) => line.path)).size !== lines.length;

/** A change larger than this part of the whole is not worth a second object. */
const CHANGE_PART = 4;

import { isDeepStrictEqual } from 'node:util';
import type { CloudflareProvider, Made } from './cloudflare-provider.ts';
import type { DynamicProvider } from './dynamic-provider.ts';
import { type Json, revealed } from './secrets.ts';

export type Props = { [name: string]: Json };

/** A resource as the program registered it, and what became of it. */
export interface Row {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  /** As the program sent them, secrets marked. */
  readonly inputs: Props;
  readonly id: string;
  /** As the program gets them back, secrets marked. */
  readonly outputs: Props;
  /** What must be there as long as this is: what it was made of, and what it hangs from. */
  readonly needs: readonly string[];
  readonly protect: boolean;
  readonly retain: boolean;
  readonly ignoreChanges: readonly string[];
  readonly importId: string;
  readonly version: string;
}

export type Registered = Omit<Row, 'id' | 'outputs'>;

/** Something at Cloudflare: what was done, and what is there now. */
export async function makeThere(
  row: Registered,
  old: Row | undefined,
  cloudflare: CloudflareProvider,
): Promise<[string, Made]> {
  const kind = cloudflare.kind(row.type);
  const inputs = revealed(row.inputs) as Props;
  if (row.importId !== '' && !old) return ['import', { id: row.importId.split('/')[1] ?? '', outputs: {} }];
  if (!old) return ['create', await kind.make(inputs)];
  const before = revealed(old.inputs) as Props;
  const made = { id: old.id, outputs: revealed(old.outputs) as Props };
  if (isDeepStrictEqual(without(inputs, row.ignoreChanges), without(before, row.ignoreChanges))) return ['same', made];
  if (kind.change === 'again') return ['update', await kind.make(inputs)];
  if (kind.change !== 'replace') return ['update', await kind.change(inputs, made)];
  if (old.protect) throw new Error(`${row.name} is protected and would have to be replaced`);
  await kind.take(before, old.id);
  return ['replace', await kind.make(inputs)];
}

/** Something that our own provider makes. */
export async function makeHere(
  row: Registered,
  old: Row | undefined,
  provider: DynamicProvider,
): Promise<[string, Made]> {
  const news = revealed(row.inputs) as Props;
  const create = async (): Promise<Made> => {
    const { id, properties } = await provider.create(news);
    return { id, outputs: properties };
  };
  if (!old) return ['create', await create()];
  const olds = revealed(old.outputs) as Props;
  const { changes, replaces } = await provider.diff(old.id, olds, news);
  if (!changes && replaces.length === 0) return ['same', { id: old.id, outputs: olds }];
  if (replaces.length === 0) return ['update', { id: old.id, outputs: await provider.update(old.id, olds, news) }];
  await provider.delete(old.id, olds);
  return ['replace', await create()];
}

/** Whoever needs another goes before it. */
export function inOrderOfLeaving(rows: readonly Row[]): readonly Row[] {
  const next = rows.filter(({ urn }) => !rows.some(({ needs }) => needs.includes(urn)));
  if (next.length === 0) return rows;
  return [...next, ...inOrderOfLeaving(rows.filter((row) => !next.includes(row)))];
}

function without(props: Props, names: readonly string[]): Props {
  return Object.fromEntries(Object.entries(props).filter(([name]) => !names.includes(name)));
}

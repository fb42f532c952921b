import { chmodSync, linkSync, lutimesSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';

/** Names as bytes: the ordinary, the awkward and those that no encoding explains. */
const name = fc
  .oneof(
    fc.constantFrom(
      'a',
      'b',
      'run.log.txt',
      '.hidden',
      ' lead',
      'trail ',
      '-rf',
      '#x',
      '!y',
      '$HOME',
      '*',
      '[a]',
      'back\\slash',
    ),
    fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    fc.constantFrom('日本', 'é', 'e\u0301', '👍').map((text) => Buffer.from(text).toString('latin1')),
  )
  .filter((text) => !/[\0/]/.test(text) && text !== '.' && text !== '..' && !/\.(pyc|log)$/.test(text));

const time = fc.integer({ min: -1e9, max: 4e9 }).chain((s) => fc.nat(999).map((ms) => s + ms / 1000));
const mode = fc.constantFrom(0o644, 0o600, 0o755, 0o400, 0o4755, 0o2750, 0o777, 0o1777);

export type Thing =
  | { readonly kind: 'file'; readonly data: Uint8Array; readonly mode: number; readonly time: number }
  | { readonly kind: 'sparse'; readonly bytes: number; readonly time: number }
  | { readonly kind: 'link'; readonly target: string; readonly time: number }
  | { readonly kind: 'twin' }
  | {
      readonly kind: 'dir';
      readonly mode: number;
      readonly time: number;
      readonly things: readonly (readonly [string, Thing])[];
    };

export const { tree } = fc.letrec<{ tree: Thing; thing: Thing }>((tie) => ({
  thing: fc.oneof(
    { maxDepth: 3 },
    fc.record({ kind: fc.constant('file'), data: fc.uint8Array({ maxLength: 3000 }), mode, time }),
    fc.record({ kind: fc.constant('sparse'), bytes: fc.integer({ min: 1, max: 30_000_000 }), time }),
    fc.record({ kind: fc.constant('link'), target: name, time }),
    fc.record({ kind: fc.constant('twin') }),
    tie('tree'),
  ) as fc.Arbitrary<Thing>,
  tree: fc.record({
    kind: fc.constant('dir'),
    mode: mode.map((m) => m | 0o700),
    time,
    things: fc.uniqueArray(fc.tuple(name, tie('thing')), { selector: ([n]) => n, maxLength: 8 }),
  }) as fc.Arbitrary<Thing>,
}));

/** `last`: the file made before it, to be given another name. */
export function make(path: Buffer, thing: Thing, made: { last: Buffer | null }): void {
  if (thing.kind === 'twin') {
    if (made.last) linkSync(made.last, path);
    return;
  }
  if (thing.kind === 'link') symlinkSync(Buffer.from(thing.target, 'latin1'), path);
  else if (thing.kind === 'dir') {
    mkdirSync(path, { recursive: true });
    for (const [child, inside] of thing.things)
      make(Buffer.concat([path, Buffer.from(`/${child}`, 'latin1')]), inside, made);
    chmodSync(path, thing.mode);
  } else {
    writeFileSync(path, thing.kind === 'file' ? thing.data : '');
    if (thing.kind === 'sparse') truncateSync(path as unknown as string, thing.bytes);
    else chmodSync(path, thing.mode);
    made.last = path;
  }
  const time = String(thing.time); // a number before 1970 would be taken for now
  lutimesSync(path, time, time);
}

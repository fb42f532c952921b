import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inheritUsed, withUsed } from '../../../engine/agent/used-files.ts';
import type { ManifestLine } from '../../../engine/domain/agent-protocol.ts';
import { bench } from './bench.ts';

const NAMES = ['open.bin', 'mapped.bin', 'alone.bin', 'small.py'];
const line = (name: string): ManifestLine => ({
  ...{ path: `workspace/${name}`, type: 'file', mode: 0o644, mtimeMs: 0, sizeBytes: 1 },
});

test('large files that a program has open or mapped are known with the next backup, and on the next machine', async () => {
  const machine = bench();
  const { place } = machine;
  const at = (name: string): string => join(place.root, 'workspace', name);
  mkdirSync(at('.'), { recursive: true });
  for (const name of NAMES) writeFileSync(at(name), Buffer.alloc(name.endsWith('.bin') ? 17_000_000 : 10));
  const signs = machine.open();
  await machine.run(`exec 7< ${at('open.bin')} 8< ${at('small.py')}`);
  const mapping = `import mmap, time; f = open('${at('mapped.bin')}'); m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ); f.close(); open('${at('ready')}', 'w').write('x'); time.sleep(100)`;
  await machine.run(`python3 -c "${mapping}" & while [ ! -s ${at('ready')} ]; do sleep 0.02; done`);
  const began = Date.now();
  signs.look();
  const lines = withUsed(place, NAMES.map(line));
  expect(lines.map(({ usedMs }) => usedMs !== undefined)).toEqual([true, true, false, false]);
  expect(lines[0]?.usedMs).toBeGreaterThanOrEqual(began);

  const other = bench().place;
  inheritUsed(other, lines);
  expect(withUsed(other, NAMES.map(line))).toEqual(lines);
  expect(readFileSync(join(other.home, 'cache/used.json'), 'utf8')).not.toContain('alone');
});

import { existsSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { backup } from './backup.ts';
import type { Bench, Table } from './bench.ts';
import { discord } from './discord.ts';
import { durable } from './durable.ts';
import { freeze } from './freeze.ts';
import { handover } from './handover.ts';
import { heartbeats } from './heartbeats.ts';
import { image } from './image.ts';
import { infra } from './infra.ts';
import { kit } from './kit.ts';
import { money } from './money.ts';
import { quiet } from './quiet.ts';
import { race } from './race.ts';
import { restores } from './restores.ts';
import { start } from './start.ts';
import { store } from './store.ts';
import { vault } from './vault.ts';
import { wakes } from './wakes.ts';

/**
 * `npm run bench`: every figure the product claims, measured side by side. `npm run bench -- race store --json` picks some.
 * `backup --size 7.5GB` has a workspace of that size, `--latency 0` only storage that is so many milliseconds away;
 * `image --into /dev/shm` brings files back to there, and with `--cold` (as root) the system has nothing of them in its cache.
 */
const BENCHES: Readonly<Record<string, Bench>> = {
  race,
  handover,
  kit,
  store,
  start,
  heartbeats,
  quiet,
  durable,
  freeze,
  restores,
  backup,
  image,
  infra,
  vault,
  discord,
  wakes,
  money,
};

const { values, positionals } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    size: { type: 'string' },
    latency: { type: 'string' },
    into: { type: 'string' },
    cold: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !(name in BENCHES));
const size = /^(\d+(?:\.\d+)?) ?(MB|GB)$/i.exec(values.size ?? '');
if (values.size !== undefined && size === null) {
  console.error(`${values.size} is no size. Say 500MB or 7.5GB.`);
  process.exitCode = 64;
} else if (!/^\d*$/.test(values.latency ?? '')) {
  console.error(`${values.latency} is no latency. Say 0 or 60, in milliseconds.`);
  process.exitCode = 64;
} else if (values.into !== undefined && !existsSync(values.into)) {
  console.error(`There is no folder ${values.into}.`);
  process.exitCode = 64;
} else if (values.cold && process.getuid?.() !== 0) {
  console.error('Only root may empty the system’s cache: leave --cold out.');
  process.exitCode = 64;
} else if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}. There are: ${Object.keys(BENCHES).join(', ')}.`);
  process.exitCode = 64;
} else {
  const chosen = positionals.length > 0 ? positionals : Object.keys(BENCHES);
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 1e9)} GB, Node ${process.version}`;
  const sizeBytes = size && Number(size[1]) * (size[2]?.toUpperCase() === 'GB' ? 1e9 : 1e6);
  const asked = {
    sizeBytes,
    latencyMs: values.latency ? Number(values.latency) : null,
    into: values.into ?? null,
    cold: values.cold,
  };
  const results: Record<string, readonly Table[]> = {};
  if (!values.json) console.log(`${machine}\n`);
  for (const name of chosen) {
    results[name] = await BENCHES[name]!.run((line) => console.error(`  ${name}: ${line}`), asked);
    if (!values.json) for (const table of results[name]) console.log(`${draw(table)}\n`);
  }
  if (values.json) console.log(JSON.stringify({ machine, at: new Date().toISOString(), results }, null, 2));
}

function draw({ title, columns, rows, note }: Table): string {
  const cells = [columns, ...rows.map((row) => row.map((cell) => (typeof cell === 'number' ? rounded(cell) : cell)))];
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  const lines = cells.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
  );
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [title, lines[0], rule, ...lines.slice(1), ...(note ? [note] : [])].join('\n');
}

function rounded(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en');
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 2 : 4);
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { resolveRestic } from '../../engine/tools/resolve-restic.ts';
import { type Act, campaign, type Round } from './campaign.ts';
import type { Fault } from './faults.ts';
import { tableOf } from './table.ts';

/**
 * `npm run campaign`: 200 rounds; `npm run campaign -- 20 --seed 4711 --only clock` others. The seed decides what happens in which
 * order; when exactly each process is met, this computer decides. Ends with 1 when a promise was broken, and names it.
 */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      seed: { type: 'string' },
      only: { type: 'string', default: '' },
      inside: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const rounds = Number(positionals[0] ?? 200);
  const seed = values.seed ?? String(Date.now() % 1_000_000);
  if (!values.inside && (await aloneIsPossible()))
    process.exitCode = await alone(['--inside', '--seed', seed, '--only', values.only, String(rounds)]);
  else await run(rounds, seed, values.only);
}

async function run(rounds: number, seed: string, only: string): Promise<void> {
  console.log(`${rounds} rounds, seed ${seed}`);
  const signal = AbortSignal.timeout(rounds * ROUND_MS_MAX + REST_MS);
  const report = await campaign(
    { restic: await ourRestic(), rounds, seed, only, say: (line) => console.log(line), onBegin: begin, onRound: tell },
    signal,
  );
  console.log(`\n${tableOf(report)}\n`);
  if (report.violation) {
    console.log(
      [
        ...report.words,
        '',
        `BROKEN in round ${report.rounds.length + 1}, seed ${seed}. ${report.violation.message}`,
      ].join('\n'),
    );
    process.exitCode = 1;
  } else console.log(`Nothing was broken in ${report.rounds.length} rounds.`);
}

function begin(number: number, { name }: Fault, during: Act): void {
  process.stdout.write(`${String(number).padStart(3)}  ${name}, during ${during}`);
}

function tell({ struck, failedWhy, durableMs }: Round): void {
  const words = [
    struck ? '' : ' (met nobody)',
    ...(durableMs === null ? [] : [`durable again after ${(durableMs / 1_000).toFixed(1)} s`]),
    ...(failedWhy ? [failedWhy.slice(0, 120)] : []),
  ];
  console.log(words.join('; '));
}

/** Processes and mounts of its own: whatever happens to us, nothing of it is left. */
const ALONE = ['--mount', '--pid', '--fork', '--mount-proc', '--kill-child', '--propagation', 'private'];

async function aloneIsPossible(): Promise<boolean> {
  const probe = spawn('unshare', [...ALONE, 'true'], { stdio: 'ignore' });
  const [code] = await once(probe, 'close').catch(() => [1]);
  if (code !== 0)
    console.log('Without the right to make namespaces: no disk is filled, and a kill of this program leaves machines.');
  return code === 0;
}

/** A shell is its first process, since that must take leave of whatever the others leave behind. */
async function alone(words: readonly string[]): Promise<number> {
  const inside = ['bash', '-c', '"$@"; exit $?', 'bash', process.execPath, import.meta.filename, ...words];
  const child = spawn('unshare', [...ALONE, ...inside], { stdio: 'inherit' });
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => child.kill('SIGKILL'));
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
}

async function ourRestic(): Promise<string> {
  // biome-ignore lint/style/noProcessEnv: which restic, as whoever runs the campaign has it.
  const { DUMONT_RESTIC, PATH = '' } = process.env;
  const folder = join(import.meta.dirname, '..', '..', '.dumont', 'tools');
  const wanted = { setting: DUMONT_RESTIC ?? null, folder, searchPath: PATH };
  return (await resolveRestic(wanted, AbortSignal.timeout(REST_MS))).path;
}

const ROUND_MS_MAX = 60_000;
const REST_MS = 10 * 60_000;

await main();

import { copyFileSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { processes } from '../../../engine/agent/process-table.ts';
import type { Activity } from '../../../engine/domain/heartbeat.ts';
import { type Bench, bench, burn } from './bench.ts';

/** What was used since the last look, not how fast. */
async function measured(signs: ReturnType<Bench['open']>, work: () => Promise<unknown>): Promise<Used> {
  const from = performance.now();
  signs.look();
  signs.reading();
  await work();
  signs.look();
  const reading = signs.reading();
  const seconds = (performance.now() - from) / 1000;
  const total = (value: number | null): number => (value ?? Number.NaN) * seconds;
  return {
    reading,
    cpuMs: total(reading.cpuPercent.value) * 10,
    diskBytes: total(reading.diskBytesPerSecond.value),
  };
}

interface Used {
  readonly reading: Activity;
  readonly cpuMs: number;
  readonly diskBytes: number;
}

test('a quiet machine shows nothing', async () => {
  const machine = bench();
  await machine.run('sleep 100 & true');
  const { reading } = await measured(machine.open(), () => sleep(200));
  expect(reading.cpuPercent.value).toBeLessThan(5);
  expect(reading).toMatchObject({
    gpuPercent: { value: null, absent: true },
    diskBytesPerSecond: { value: 0 },
    networkBytesPerSecond: { value: expect.any(Number) },
    terminals: { value: 0, lastAt: null },
    editors: { value: 0, lastAt: null },
    jupyterKernelsBusy: { value: 0, lastAt: null },
  });
});

test('what the network cards counted is told as they count it, from the start', () => {
  const cards = readFileSync('/proc/net/dev', 'latin1').split('\n').slice(2);
  const received = cards
    .map((row) => row.split(/:(.*)/s))
    .filter(([name = '']) => name.trim() !== '' && name.trim() !== 'lo')
    .reduce((sum, [, counts = '']) => sum + Number(counts.trim().split(/\s+/)[0]), 0);
  const told = bench().open().traffic();
  expect(told?.receivedBytes).toBeGreaterThanOrEqual(received);
  expect(told?.receivedBytes).toBeLessThan(received + 1e9);
});

test('before anything was measured it says so', () => {
  expect(bench().open().reading().cpuPercent).toEqual({ value: null, lastAt: null, say: 'it was not measured yet' });
});

test('a program that works shows as work of the processor, also between two looks', async () => {
  const machine = bench();
  const signs = machine.open();
  await machine.run('while :; do :; done & true');
  const { reading, cpuMs } = await measured(signs, () => spent(machine, 300));
  expect(cpuMs).toBeGreaterThan(200);
  expect(signs.reading().cpuPercent.value, 'nothing new was looked at since').toBe(reading.cpuPercent.value);
});

test('programs that came and went between two looks count', async () => {
  const machine = bench();
  const { cpuMs } = await measured(machine.open(), () => machine.run(`for n in 1 2 3; do ${burn(150)}; done`));
  expect(cpuMs).toBeGreaterThan(400);
  expect(cpuMs).toBeLessThan(1_500);
});

test('what was counted while a program lived is not counted again when it ends', async () => {
  const machine = bench();
  const signs = machine.open();
  await machine.run('mkfifo gate');
  const first = await measured(signs, async () => {
    await machine.run(`{ ${burn(600)}; touch burnt; read -r < gate; } & true`);
    await machine.run('while ! [ -e burnt ]; do sleep 0.02; done');
  });
  expect(first.cpuMs).toBeGreaterThan(400);
  const { cpuMs } = await measured(signs, () => machine.run('echo > gate; wait'));
  expect(cpuMs).toBeLessThan(200);
});

test('our own programs do not count: neither those from our folder nor those that are named, with all below', async () => {
  const machine = bench();
  copyFileSync('/bin/bash', join(machine.place.home, 'bash'));
  await machine.run(`${machine.place.home}/bash -c 'while :; do :; done' & true`);
  const pid = await machine.run('( (while :; do :; done) & wait ) & echo $!');
  const signs = machine.open({ ours: () => [Number(pid)] });
  const { reading } = await measured(signs, () => sleep(400));
  expect(reading.cpuPercent.value).toBeLessThan(5);
});

test('what a program from our folder starts for somebody counts', async () => {
  const machine = bench();
  copyFileSync('/bin/bash', join(machine.place.home, 'bash'));
  await machine.run(`${machine.place.home}/bash -c '/bin/sh -c "while :; do :; done"; true' & true`);
  const { cpuMs } = await measured(machine.open(), () => spent(machine, 300));
  expect(cpuMs).toBeGreaterThan(150);
});

test('what is written to a disk shows, also when who wrote it is gone', async () => {
  const machine = bench();
  const write = 'dd if=/dev/zero of=big bs=1M count=20 conv=fsync status=none';
  const { diskBytes } = await measured(machine.open(), () => machine.run(write));
  expect(diskBytes).toBeGreaterThan(19e6);
  expect(diskBytes).toBeLessThan(45e6);
});

test('a key that is typed shows, and what is printed does not', async () => {
  const machine = bench();
  const signs = machine.open();
  const device = await machine.run(
    `exec 3> >(exec script -qfec 'tty > device; stty -echo; while read -r line; do echo printed; echo "$line" >> read; done' /dev/null > shown)
     while ! [ -s device ]; do sleep 0.02; done; cat device`,
  );
  const terminal = device.trim();
  expect(terminal).toMatch(/^\/dev\/pts\/\d+$/);
  // The kernel moves its times on only every eight seconds, so they are moved back.
  const old = Math.floor(Date.now() / 1000) - 3_600;
  utimesSync(terminal, old, old);
  signs.look();
  expect(signs.reading().terminals).toEqual({ value: 1, lastAt: old * 1000, say: '1 terminal' });

  await machine.run(`echo printed > ${terminal}`);
  expect(statSync(terminal).mtimeMs, 'the kernel noted the output').toBeGreaterThan(old * 1000);
  signs.look();
  expect(signs.reading().terminals.lastAt).toBe(old * 1000);

  const typedAt = Date.now();
  await machine.run('echo hello >&3; while ! [ -s read ]; do sleep 0.02; done');
  signs.look();
  expect(signs.reading().terminals.lastAt).toBeGreaterThan(typedAt - 8_000);

  await machine.run('exec 3>&-; wait');
  await sleep(100);
  signs.look();
  expect(signs.reading().terminals).toMatchObject({ value: 0, lastAt: expect.any(Number) });
});

/** Waits until the machine's programs have had the processor for this long from now on: others may want it, too. */
async function spent(machine: Bench, ms: number): Promise<void> {
  const from = ticksOf(machine);
  while ((ticksOf(machine) - from) * 10 < ms) await sleep(20);
}

function ticksOf(machine: Bench): number {
  const rows = processes();
  const below = (pid: number): number =>
    rows.filter((row) => row.parent === pid).reduce((sum, row) => sum + row.ticks + below(row.pid), 0);
  return below(machine.shell.pid!);
}

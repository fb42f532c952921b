import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { Failure, reasonOf } from '../../domain/failures.ts';
import type { EndCall, EndItself } from '../../domain/heartbeat.ts';

/**
 * One call ends this machine. Its answer is no proof, only leave to wait for it: GraphQL refuses with status 200. The key in
 * it is a secret, so nothing of it is repeated.
 */
export async function callEnd({ method, url, headers, body }: EndCall, signal: AbortSignal): Promise<void> {
  let status: number;
  let said: string;
  try {
    const attempt = AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]);
    const reply = await fetch(url, { method, headers, body, signal: attempt });
    said = await reply.text();
    status = reply.status;
  } catch (cause) {
    signal.throwIfAborted();
    const inner = cause instanceof Error && cause.cause ? cause.cause : cause;
    throw new Failure('backup_failed', { why: `the call to end it was not answered: ${reasonOf(inner)}` }, { cause });
  }
  if (status >= 400) throw new Failure('backup_failed', { why: `the call to end it was answered with HTTP ${status}` });
  if (/"errors"\s*:\s*\[\s*[^\]\s]/.test(said))
    throw new Failure('backup_failed', { why: 'the call to end it was answered with an error' });
}

type Environment = Readonly<Record<string, string>>;
type Run = (program: string, args: readonly string[], signal: AbortSignal) => Promise<unknown>;
const execute: Run = async (program, args, signal) =>
  await promisify(execFile)(program, args, { signal, timeout: CALL_MS });

/** With what lies on the machine itself. `granted` is called when nothing can stop its end any more. */
export async function endItself(
  way: EndItself,
  granted: () => void,
  signal: AbortSignal,
  { run = execute, environment = ownEnvironment }: { run?: Run; environment?: () => Environment } = {},
): Promise<void> {
  if (way.by === 'power off') return await powerOff(granted, run, signal);
  const key = environment()[way.variable];
  if (!key) throw new Failure('backup_failed', { why: `it has no ${way.variable} to end itself with` });
  let refused: unknown;
  for (const call of way.calls) {
    const headers = Object.fromEntries(
      Object.entries(call.headers).map(([name, it]) => [name, it.replace('{key}', key)]),
    );
    try {
      await callEnd({ ...call, headers }, signal);
      granted();
      return;
    } catch (cause) {
      signal.throwIfAborted();
      refused = cause;
    }
  }
  throw refused;
}

/**
 * At once, and without the signals of an ordered shutdown: those would let what stands still go on, after its work was
 * proved. What is written is on the disk before.
 */
async function powerOff(granted: () => void, run: Run, signal: AbortSignal): Promise<void> {
  await run('sync', [], signal);
  granted();
  try {
    await run('systemctl', ['poweroff', '--force', '--force'], signal);
  } catch {
    await run('poweroff', ['-f'], signal);
  }
}

/** What the machine was started with, and what we were: a login need not have all of that, and not everywhere may it be read. */
const ownEnvironment = (): Environment => ({ ...environmentOf('1'), ...environmentOf('self') });

function environmentOf(process: '1' | 'self'): Environment {
  let text: string;
  try {
    text = readFileSync(`/proc/${process}/environ`, 'utf8');
  } catch {
    return {};
  }
  const lines = text.split('\0').filter((line) => line.includes('='));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

const CALL_MS = 30_000;

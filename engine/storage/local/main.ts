import { createInterface } from 'node:readline';
import * as z from 'zod';
import { LockRules } from './locks.ts';
import { type LocalStorage, serveStorage } from './serve-storage.ts';

/**
 * The object server as a process of its own. Its first line of standard input is its configuration, each further one an
 * order about locks; each is answered by one line on standard output. It ends when its input does, so it never outlives
 * whoever started it, and not at Ctrl-C, which a terminal sends to everybody: whoever started it stops it after its work.
 */
const Key = z.object({
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  scope: z.enum(['object-read-only', 'object-read-write']),
  buckets: z.array(z.string()).optional(),
});

const Configuration = z.object({
  folder: z.string().min(1),
  port: z.number().int().min(0).max(65535),
  keys: z.array(Key).min(1),
  buckets: z.array(z.string()).min(1),
});

const Order = z.object({ setLocks: z.object({ bucket: z.string(), rules: LockRules }) });

async function main(): Promise<void> {
  process.on('SIGINT', () => {});
  const lines = createInterface({ input: process.stdin });
  process.once('SIGTERM', () => lines.close());
  let storage: LocalStorage | null = null;
  try {
    for await (const line of lines) {
      if (storage === null) {
        storage = await serveStorage({ ...Configuration.parse(JSON.parse(line)), log });
        say({ listening: storage.port });
      } else say(await obey(storage, line));
    }
  } catch (thrown) {
    log('storage.failed', { why: thrown }, 'ERROR');
    process.exitCode = 1;
  } finally {
    lines.close();
    process.stdin.destroy();
    await storage?.[Symbol.asyncDispose]();
  }
}

async function obey(storage: LocalStorage, line: string): Promise<object> {
  try {
    const { bucket, rules } = Order.parse(JSON.parse(line)).setLocks;
    await storage.setLocks(bucket, rules);
    return { locked: bucket };
  } catch (thrown) {
    return { refused: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

function say(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function log(event: string, facts: Readonly<Record<string, unknown>> = {}, level = 'INFO'): void {
  const { why, ...rest } = facts;
  const words = why instanceof Error ? { why: why.message } : {};
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...rest, ...words })}\n`);
}

await main();

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BOOT } from '../../engine/domain/agent-protocol.ts';
import type { Kit } from '../../engine/domain/ports.ts';
import { bootConfig, bootScript } from '../../engine/remote/boot-script.ts';
import { makeKit } from '../../engine/tools/make-kit.ts';
import { resolveRestic } from '../../engine/tools/resolve-restic.ts';
import type { Bench } from './bench.ts';

const LINKS = { '100 Mbit/s': 100e6, '1 Gbit/s': 1e9, 'no limit': Number.POSITIVE_INFINITY };
const SLICE_MS = 5;
const REPOSITORY = join(import.meta.dirname, '..', '..');

/** What machines fetch while they boot: its bytes, and how long the boot script takes over links of two speeds. */
export const kit: Bench = {
  async run(say) {
    const folder = await mkdtemp(join(tmpdir(), 'dumont-bench-'));
    try {
      say('packing');
      const signal = AbortSignal.timeout(10 * 60_000);
      // biome-ignore lint/style/noProcessEnv: the search path of whoever measures.
      const searchPath = process.env.PATH ?? '';
      const restic = await resolveRestic(
        { setting: null, folder: join(REPOSITORY, '.dumont', 'tools'), searchPath },
        signal,
      );
      const packed = await makeKit({ folder: join(folder, 'kit'), restic: restic.path }, signal);
      const bytes = packed.tools.reduce((sum, tool) => sum + tool.sizeBytes, 0);
      const rows = [];
      for (const [name, bitsPerSecond] of Object.entries(LINKS)) {
        say(`the boot script at ${name}`);
        const seconds = (await boot(packed, bitsPerSecond, join(folder, name.replaceAll(/\W/g, '')))) / 1_000;
        rows.push([name, bytes / 1e6, seconds, Number.isFinite(bitsPerSecond) ? (bytes * 8) / bitsPerSecond : 0]);
      }
      return [
        {
          title: 'The tools a machine fetches while it boots',
          columns: ['link', 'MB', 'boot script s', 'of it the link alone s'],
          rows,
          note: packed.tools.map((tool) => `${tool.name} ${(tool.sizeBytes / 1e6).toFixed(1)} MB`).join(', '),
        },
      ];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** Runs the real boot script against a server whose link is shared by all that is fetched. */
async function boot(kit: Kit, bitsPerSecond: number, root: string): Promise<number> {
  const bucket = { bytes: 0, at: performance.now() };
  const server = createServer(async (request, response) => {
    const tool = kit.tools.find(({ name }) => request.url === `/${name}`);
    for await (const chunk of createReadStream(tool?.file ?? '', { highWaterMark: 64 * 1024 })) {
      await take(bucket, (chunk as Buffer).length, bitsPerSecond / 8);
      if (!response.write(chunk)) await once(response, 'drain');
    }
    response.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    const tools = kit.tools.map(({ name, sha256 }) => ({ name, sha256, url: `http://127.0.0.1:${port}/${name}` }));
    await mkdir(join(root, 'opt/dumont'), { recursive: true });
    await writeFile(join(root, BOOT.config), bootConfig(tools), { mode: 0o600 });
    const began = performance.now();
    // biome-ignore lint/style/noProcessEnv: the script finds curl and gunzip on the path of whoever measures.
    const env = { ...process.env, DUMONT_LOCAL_ROOT: root };
    const child = spawn('sh', ['-s'], { env, stdio: ['pipe', 'ignore', 'inherit'], detached: true });
    child.stdin.end(bootScript());
    try {
      // The script goes on to watch for SSH host keys; the tools are there when it says so.
      while (!existsSync(join(root, BOOT.done))) {
        if (existsSync(join(root, BOOT.failed)))
          throw new Error(`the boot script failed: ${readFileSync(join(root, BOOT.failed), 'utf8')}`);
        await new Promise((resolve) => setTimeout(resolve, SLICE_MS));
      }
      return performance.now() - began;
    } finally {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM'); // 0 would be our own group
    }
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function take(bucket: { bytes: number; at: number }, bytes: number, bytesPerSecond: number): Promise<void> {
  if (!Number.isFinite(bytesPerSecond)) return;
  bucket.bytes += bytes;
  const due = bucket.at + (bucket.bytes / bytesPerSecond) * 1_000;
  while (performance.now() < due) await new Promise((resolve) => setTimeout(resolve, SLICE_MS));
}

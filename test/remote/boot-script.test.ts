import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { BOOT } from '../../engine/domain/agent-protocol.ts';
import { withPrefix } from '../../engine/marketplaces/local/machine/shared-root.ts';
import { bootConfig, bootScript } from '../../engine/remote/boot-script.ts';

const TOOLS = { node: randomBytes(200_000), agent: Buffer.from('console.log(1)\n'), restic: randomBytes(90_000) };
const PATHS = { node: 'opt/dumont/node', agent: 'opt/dumont/agent.mjs', restic: 'opt/dumont/restic' };

describe.concurrent('the boot script', () => {
  test('brings the three tools whole, checked and runnable, and says the host keys', async () => {
    await using machine = await newMachine();
    const { code, log } = await machine.boot();
    expect(log).toContain('dumont: all tools are here');
    expect(code).toBe(0);
    for (const name of ['node', 'agent', 'restic'] as const) {
      expect(await readFile(join(machine.root, PATHS[name]))).toEqual(TOOLS[name]);
      expect((await stat(join(machine.root, PATHS[name]))).mode & 0o777).toBe(0o755);
    }
    expect(log).toContain(machine.hostKey);
    expect((await machine.home()).sort()).toEqual(['agent.mjs', 'boot.done', 'boot.json', 'node', 'restic']);
    expect((await stat(join(machine.root, BOOT.config))).mode & 0o777).toBe(0o600);
  });

  test('run again it fetches nothing that is already there', async () => {
    await using machine = await newMachine();
    await machine.boot();
    const before = machine.requests.length;
    await writeFile(join(machine.root, PATHS.restic), 'half of it');
    const { code, log } = await machine.boot();
    expect(code).toBe(0);
    expect(machine.requests.slice(before)).toEqual([`/restic?${machine.secret}`]);
    expect(log).toContain('node is already here');
    expect(await readFile(join(machine.root, PATHS.restic))).toEqual(TOOLS.restic);
  });

  test('bytes with another hash never get the name of a tool', async () => {
    await using machine = await newMachine();
    machine.serve('/restic', (_, response) => response.end(gzipSync('something else')));
    const { code, log } = await machine.boot();
    expect(code).toBe(1);
    expect(await machine.failure()).toBe('restic is not what was promised: its hash differs');
    expect(log).toContain('dumont: failed: restic');
    expect((await machine.home()).sort()).toEqual(['agent.mjs', 'boot.failed', 'boot.json', 'node']);
  });

  test('an object that is missing is tried three times and named with its reason, without its URL', async () => {
    await using machine = await newMachine();
    machine.serve('/node', (_, response) => response.writeHead(404).end('no such key'));
    const { code, log } = await machine.boot();
    expect(code).toBe(1);
    expect(await machine.failure()).toMatch(/^node could not be fetched: .*404/);
    expect(machine.requests.filter((path) => path.startsWith('/node'))).toHaveLength(3);
    expect(log).not.toContain('X-Amz');
  });

  test('a connection that breaks in the middle is tried again', async () => {
    await using machine = await newMachine();
    let served = 0;
    machine.serve('/node', (_, response) => {
      const body = gzipSync(TOOLS.node);
      response.writeHead(200, { 'content-length': body.length });
      served += 1;
      if (served > 1) return response.end(body);
      response.write(body.subarray(0, 50_000), () => response.destroy());
    });
    expect((await machine.boot()).code).toBe(0);
    expect(await readFile(join(machine.root, PATHS.node))).toEqual(TOOLS.node);
  });

  test.each([
    ['wget', ['wget']],
    ['python3', ['python3']],
  ])('without curl it uses %s', async (_name, fetchers) => {
    await using machine = await newMachine();
    expect(await machine.boot(await machine.programs(fetchers))).toMatchObject({ code: 0 });
    expect(await readFile(join(machine.root, PATHS.node))).toEqual(TOOLS.node);
    machine.serve('/restic', (_request, response) => response.writeHead(403).end());
    await rm(join(machine.root, PATHS.restic));
    const { code, log } = await machine.boot(await machine.programs(fetchers));
    expect(code).toBe(1);
    expect(await machine.failure()).toContain('restic could not be fetched');
    expect(log).not.toContain('X-Amz');
  });

  test('with nothing to fetch with it says what it looked for', async () => {
    await using machine = await newMachine();
    expect(await machine.boot(await machine.programs([]))).toMatchObject({ code: 1 });
    expect(await machine.failure()).toContain('neither curl, GNU wget nor python3 is on this machine');
  });

  test('without a configuration it says so', async () => {
    await using machine = await newMachine();
    await rm(join(machine.root, BOOT.config));
    expect(await machine.boot()).toMatchObject({ code: 1 });
    expect(await machine.failure()).toBe(`there is no ${join(machine.root, BOOT.config)}`);
  });

  test('a configuration that points elsewhere writes nothing there', async () => {
    await using machine = await newMachine();
    const config = await readFile(join(machine.root, BOOT.config), 'utf8');
    await writeFile(join(machine.root, BOOT.config), config.replace('"restic"', '"../restic"'));
    expect(await machine.boot()).toMatchObject({ code: 1 });
    expect(existsSync(join(machine.root, 'opt/restic'))).toBe(false);
  });

  test.runIf(process.platform === 'linux').each([
    ['curl', ['curl']],
    ['wget', ['wget']],
    ['python3', ['python3']],
  ])('while %s fetches, no process shows a URL in its arguments', async (_name, fetchers) => {
    await using machine = await newMachine();
    const arrived = Promise.withResolvers<void>();
    const seen = Promise.withResolvers<void>();
    for (const name of ['node', 'agent', 'restic'] as const)
      machine.serve(`/${name}`, async (_request, response) => {
        arrived.resolve();
        await seen.promise;
        response.end(gzipSync(TOOLS[name]));
      });
    const booting = machine.boot(await machine.programs(fetchers));
    await arrived.promise;
    const shown = await commandLines();
    seen.resolve();
    expect(shown).toContain(fetchers[0]);
    expect(shown).not.toContain(machine.secret);
    expect(await booting).toMatchObject({ code: 0 });
  });

  test('host keys are said only once the set has stopped growing', async () => {
    await using machine = await newMachine();
    await machine.makeHostKey('rsa');
    const late = await machine.makeHostKey('ecdsa', 'late.pub');
    const grow = join(machine.root, 'grow');
    await mkdir(grow);
    // The image makes its third key during the script's first second.
    const script = `#!/bin/sh\nmv ${machine.root}/late.pub ${machine.root}/etc/ssh/ssh_host_ecdsa_key.pub 2>/dev/null\n`;
    await writeFile(join(grow, 'sleep'), script, { mode: 0o755 });
    const { log } = await machine.boot(`${grow}:${pathNow()}`);
    const said = log.split('\n').filter((line) => line.includes('host key'));
    expect(said).toHaveLength(3);
    expect(log).toContain(late);
  });
});

test('where the local marketplace moves the paths of a script, this one finds its own way', () => {
  expect(withPrefix(bootScript(), '/some/folder')).toBe(bootScript());
});

test('a URL that could end its place in the configuration is refused', () => {
  const tool = { name: 'node', sha256: 'a'.repeat(64) } as const;
  expect(() => bootConfig([{ ...tool, url: 'http://x/"y' }])).toThrow('cannot read');
  expect(() => bootConfig([{ ...tool, url: 'http://x/\ny' }])).toThrow('cannot read');
  expect(() => bootConfig([{ ...tool, url: 'http://x/\\y' }])).toThrow('cannot read');
  expect(JSON.parse(bootConfig([{ ...tool, url: 'http://x/y?a=b&c=%20' }]))).toEqual({
    tools: [['a'.repeat(64), 'node', 'http://x/y?a=b&c=%20']],
  });
});

type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

/** A folder that stands for a machine's root, and the storage that it fetches from. */
async function newMachine() {
  const root = await mkdtemp(join(tmpdir(), 'dumont-boot-'));
  const requests: string[] = [];
  const secret = `X-Amz-Signature=${randomBytes(8).toString('hex')}`;
  const answers = new Map<string, Answer>(
    Object.entries(TOOLS).map(([name, body]) => [`/${name}`, (_, response) => response.end(gzipSync(body))]),
  );
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    answers.get((request.url ?? '').split('?')[0] ?? '')?.(request, response);
  });
  const port = await listen(server);
  await mkdir(join(root, 'opt/dumont'), { recursive: true });
  await mkdir(join(root, 'etc/ssh'), { recursive: true });
  const config = bootConfig(
    (['node', 'agent', 'restic'] as const).map((name) => ({
      name,
      sha256: createHash('sha256').update(TOOLS[name]).digest('hex'),
      url: `http://127.0.0.1:${port}/${name}?${secret}`,
    })),
  );
  await writeFile(join(root, BOOT.config), config);
  const makeHostKey = async (type: string, file = `etc/ssh/ssh_host_${type}_key.pub`): Promise<string> => {
    const blob = Buffer.concat([wire(Buffer.from('ssh-ed25519')), wire(randomBytes(32))]);
    await writeFile(join(root, file), `ssh-ed25519 ${blob.toString('base64')} root@x\n`);
    return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
  };
  const hostKey = await makeHostKey('ed25519');
  const hurried = await hurry(join(root, 'bin'));
  let running: ChildProcess | null = null;
  return {
    root,
    secret,
    requests,
    hostKey,
    makeHostKey,
    serve: (path: string, answer: Answer) => answers.set(path, answer),
    home: async () => await readdir(join(root, 'opt/dumont')),
    failure: async () => (await readFile(join(root, BOOT.failed), 'utf8')).trim(),

    /** A PATH on which, besides what every machine has, only these programs are found. */
    async programs(fetchers: readonly string[]): Promise<string> {
      const bin = join(root, `bin-${fetchers.join('-')}`);
      await mkdir(bin, { recursive: true });
      if (!existsSync(join(bin, 'sleep'))) await hurry(bin);
      const common = ['cat', 'tr', 'cut', 'mv', 'chmod', 'rm', 'mkdir', 'date', 'grep', 'gzip', 'sha256sum'];
      for (const name of [...common, 'ssh-keygen', ...fetchers]) {
        const path = name === 'python3' ? python() : which(name);
        if (path && !existsSync(join(bin, name))) await symlink(path, join(bin, name));
      }
      if (!existsSync(join(bin, 'gunzip'))) {
        await writeFile(join(bin, 'gunzip'), '#!/bin/sh\nexec gzip -d "$@"\n');
        await chmod(join(bin, 'gunzip'), 0o755);
      }
      return bin;
    },

    async boot(path = `${hurried}:${pathNow()}`) {
      const child = spawn('/bin/sh', ['-s'], {
        env: { PATH: path, DUMONT_LOCAL_ROOT: root },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      running = child;
      let log = '';
      child.stdout.on('data', (chunk) => {
        log += chunk;
      });
      child.stderr.on('data', (chunk) => {
        log += chunk;
      });
      child.stdin.end(bootScript());
      const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
      const code = await ended;
      running = null;
      return { code, log };
    },

    async [Symbol.asyncDispose]() {
      running?.kill('SIGKILL');
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A second of the script's patience lasts a twentieth here. */
async function hurry(bin: string): Promise<string> {
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, 'sleep'), `#!/bin/sh\nexec ${which('sleep')} 0.05\n`, { mode: 0o755 });
  return bin;
}

function wire(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function pathNow(): string {
  return execFileSync('/bin/sh', ['-c', 'echo "$PATH"'], { encoding: 'utf8' }).trim();
}

function which(name: string): string | null {
  try {
    return execFileSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

/** Version managers put a script in its place that needs more than a bare PATH. */
function python(): string | null {
  return (
    which('python3') &&
    execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim()
  );
}

async function commandLines(): Promise<string> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map(async (pid) => await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.map((line) => line.replaceAll('\0', ' ')).join('\n');
}

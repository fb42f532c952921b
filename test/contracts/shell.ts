import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Failure, type FailureCode } from '../../engine/domain/failures.ts';
import type { Address } from '../../engine/domain/marketplace.ts';
import type { Command, Connect, Shell } from '../../engine/domain/ports.ts';

/** A machine to log in to. */
export interface ShellWorld extends AsyncDisposable {
  readonly connect: Connect;
  readonly address: Address;
  /** A folder on the machine where anything may be written. */
  readonly folder: string;
  /** Cuts the machine off the network; the last test does that. */
  cutOff(): Promise<void>;
}

/** What every shell keeps to, over whatever it runs. */
export function shellContract(name: string, open: () => Promise<ShellWorld>): void {
  describe(name, () => {
    let world: ShellWorld;
    let shell: Shell;
    const never = new AbortController().signal;
    beforeAll(async () => {
      world = await open();
      shell = await world.connect(world.address, null, never);
      await said(`mkdir -p ${world.folder}`);
    });
    afterAll(async () => {
      await shell[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    });

    const program = (...argv: string[]): Command => ({ argv, timeoutMs: 10_000 });
    const bash = (line: string): Command => program('bash', '-c', line);
    const said = async (line: string): Promise<string> => (await shell.run(bash(line), never)).stdout.trim();

    test('says which host key it met, and opens again only where that key is', async () => {
      expect(shell.hostKey).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
      await using same = await world.connect(world.address, shell.hostKey, never);
      expect(same.hostKey).toBe(shell.hostKey);
    });

    test('refuses another host key than the one pinned', async () => {
      const pinned = `SHA256:${'A'.repeat(43)}`;
      const failure = await failureOf('host_key_changed', world.connect(world.address, pinned, never));
      expect(failure.facts).toMatchObject({ pinned, met: shell.hostKey });
    });

    test('says where nobody answers', async () => {
      const failure = await failureOf('ssh_refused', world.connect({ ...world.address, port: 1 }, null, never));
      expect(failure.facts.address).toBe(`${world.address.host}:1`);
    });

    test('does not start what was aborted before', async () => {
      const reason = new Error('not any more');
      await expect(world.connect(world.address, null, AbortSignal.abort(reason))).rejects.toBe(reason);
      await expect(shell.run(program('true'), AbortSignal.abort(reason))).rejects.toBe(reason);
      await expect(shell.upload([], AbortSignal.abort(reason))).rejects.toBe(reason);
    });

    test('returns the code and both outputs, apart', async () => {
      expect(await shell.run(bash('echo out; echo err >&2; exit 7'), never)).toEqual({
        code: 7,
        stdout: 'out\n',
        stderr: 'err\n',
      });
      expect((await shell.run(program('no-such-program'), never)).code).toBe(127);
      expect((await shell.run(bash('kill -KILL $$'), never)).code).toBe(137);
    });

    test('hands every argument over as it is', async () => {
      const words = ['', ' ', "it's", '"', '$HOME', '`id`', '\\', 'a\nb', '*', '~', '-n', 'ção', '!!', ';', '{a,b}'];
      const output = await shell.run(program('printf', '%s\\0', ...words), never);
      expect(output.stdout.split('\0').slice(0, -1)).toEqual(words);
    });

    test('gives standard input and then its end', async () => {
      const stdin = `${randomBytes(300_000).toString('base64')}\n`;
      expect((await shell.run({ ...program('cat'), stdin }, never)).stdout).toBe(stdin);
      expect((await shell.run(program('cat'), never)).stdout).toBe('');
    });

    test('tells each line as it comes, and answers on standard input', async () => {
      const lines: string[] = [];
      const output = await shell.run(
        {
          ...bash('echo one; read answer; echo "got $answer"; read answer; printf "last %s" "$answer"; exit 3'),
          stdin: 'first\n',
          converse: true,
        },
        never,
        (line, say) => {
          lines.push(line);
          if (line.startsWith('got')) say('second');
        },
      );
      expect(lines).toEqual(['one', 'got first', 'last second']);
      expect(output.code).toBe(3);
    });

    test('does not cut a letter in two', async () => {
      const lines: string[] = [];
      await shell.run(bash("printf '\\xc3'; sleep 0.05; printf '\\xa7\\n'"), never, (line) => lines.push(line));
      expect(lines).toEqual(['ç']);
    });

    test('an error thrown while reading a line ends the program and is what comes back', async () => {
      const reason = new Error('not what we expected');
      const running = shell.run(bash('echo $$; exec sleep 60'), never, (line) => {
        throw Object.assign(reason, { pid: line });
      });
      await expect(running).rejects.toBe(reason);
      await gone((reason as Error & { pid?: string }).pid ?? '');
    });

    test('keeps the end of what goes to standard error, and refuses output without end', async () => {
      const { stderr } = await shell.run(bash('head -c 200000 /dev/zero | tr "\\0" x >&2; echo END >&2'), never);
      expect(stderr).toHaveLength(64 * 1024);
      expect(stderr.endsWith('xEND\n')).toBe(true);
      await failureOf('command_failed', shell.run(program('cat', '/dev/zero'), never));
    });

    test('ends a program at its deadline', async () => {
      const began = performance.now();
      const pidFile = `${world.folder}/late.pid`;
      const late = shell.run({ ...bash(`echo $$ > ${pidFile}; exec sleep 60`), timeoutMs: 300 }, never);
      const failure = await failureOf('command_timed_out', late);
      expect(failure.facts).toMatchObject({ seconds: 0.3 });
      expect(performance.now() - began).toBeLessThan(2_000);
      await gone(await said(`cat ${pidFile}`));
    });

    test('an abort comes back at once with its reason, and the program is told', async () => {
      const stop = new AbortController();
      const noticed = `${world.folder}/noticed`;
      const line = `trap 'echo told > ${noticed}; exit 0' TERM; echo $$; while :; do sleep 0.05; done`;
      let pid = '';
      const reason = new Error('changed our mind');
      const running = shell.run(bash(line), stop.signal, (said) => {
        pid = said;
        stop.abort(reason);
      });
      await expect(running).rejects.toBe(reason);
      await gone(pid);
      expect(await said(`cat ${noticed}`)).toBe('told');
    });

    test('a program that does not listen is made to end, with all it started, before the connection closes', async () => {
      const stop = new AbortController();
      let pids: string[] = [];
      {
        await using short = await world.connect(world.address, shell.hostKey, never);
        const line = `trap '' TERM; (trap '' TERM; sleep 61) & echo $$ $!; sleep 62; sleep 63`;
        const running = short.run(bash(line), stop.signal, (said) => {
          pids = said.split(' ');
          stop.abort();
        });
        await expect(running).rejects.toThrow();
      }
      expect(pids).toHaveLength(2);
      for (const pid of pids) await gone(pid);
    });

    test('runs many at once on one connection', async () => {
      const outputs = await Promise.all(
        Array.from({ length: 8 }, async (_, n) => await shell.run(bash(`echo ${n}`), never)),
      );
      expect(outputs.map((output) => output.stdout.trim())).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
    });

    test('uploads bytes and files with their modes, makes folders, and replaces what is there in one step', async () => {
      const local = await mkdtemp(join(tmpdir(), 'dumont-upload-'));
      try {
        const content = randomBytes(3_000_001);
        await writeFile(join(local, 'file'), content);
        const path = `${world.folder}/deep/er/program`;
        await shell.upload(
          [
            { path, mode: 0o755, from: { file: join(local, 'file') } },
            { path: `${world.folder}/secret`, mode: 0o600, from: { bytes: Buffer.from('ssh!') } },
            { path: `${world.folder}/empty`, mode: 0o644, from: { bytes: new Uint8Array() } },
          ],
          never,
        );
        expect(await said(`base64 -w0 ${path} | head -c 100`)).toBe(content.toString('base64').slice(0, 100));
        expect(await said(`stat -c '%a %s' ${path} ${world.folder}/secret ${world.folder}/empty`)).toBe(
          '755 3000001\n600 4\n644 0',
        );
        await shell.upload([{ path, mode: 0o700, from: { bytes: Buffer.from('#!/bin/sh\necho new\n') } }], never);
        expect(await said(path)).toBe('new');
        expect(await said(`ls -A ${world.folder}/deep/er`)).toBe('program');
      } finally {
        await rm(local, { recursive: true });
      }
    });

    test('an upload that cannot be says so and leaves nothing', async () => {
      await said(`mkdir -p ${world.folder}/taken/program/sub`);
      const from = { bytes: Buffer.from('x') };
      await failureOf(
        'command_failed',
        shell.upload([{ path: `${world.folder}/taken/program`, mode: 0o600, from }], never),
      );
      expect(await said(`ls -A ${world.folder}/taken`)).toBe('program');
    });

    test('listens on the machine, and hands over what connects there', async () => {
      await using own = await world.connect(world.address, shell.hostKey, never);
      const port = await own.forward((connection) => {
        connection.once('data', (bytes: Buffer) => connection.end(`heard ${bytes}`));
      }, never);
      const talk = `exec 3<>/dev/tcp/127.0.0.1/${port}; printf hello >&3; cat <&3`;
      expect(await said(talk)).toBe('heard hello');
      const many = Array.from({ length: 3 }, () => said(talk));
      expect(await Promise.all(many)).toEqual(['heard hello', 'heard hello', 'heard hello']);
    });

    test('takes no more than a few connections at once from a machine that opens many', async () => {
      await using own = await world.connect(world.address, shell.hostKey, never);
      let open = 0;
      const port = await own.forward(() => {
        open += 1;
      }, never);
      await said(`for i in 1 2 3 4 5 6 7 8 9; do exec {fd}<>/dev/tcp/127.0.0.1/${port}; done; sleep 0.3`);
      expect(open).toBe(4);
    });

    test('says that it is lost when it is closed, and forwards nothing any more', async () => {
      const own = await world.connect(world.address, shell.hostKey, never);
      expect(own.lost.aborted).toBe(false);
      await own[Symbol.asyncDispose]();
      expect(own.lost.aborted).toBe(true);
      await failureOf(
        'ssh_lost',
        own.forward(() => undefined, never),
      );
    });

    test('says when the connection breaks, to who waits and to who comes later', async () => {
      const waiting = shell.run({ ...program('sleep', '60'), timeoutMs: 60_000 }, never);
      const lost = failureOf('ssh_lost', waiting);
      await sleep(50);
      await world.cutOff();
      await lost;
      await failureOf('ssh_lost', shell.run(program('true'), never));
      await failureOf('ssh_lost', shell.upload([], never));
    });

    async function gone(pid: string): Promise<void> {
      expect(pid).toMatch(/^\d+$/);
      for (let look = 0; look < 100; look++) {
        if ((await said(`test -d /proc/${pid} && echo there || echo gone`)) === 'gone') return;
        await sleep(20);
      }
      throw new Error(`process ${pid} still runs`);
    }
  });
}

async function failureOf(code: FailureCode, work: Promise<unknown>): Promise<Failure> {
  const thrown = await work.then(
    () => null,
    (cause: unknown) => cause,
  );
  expect(thrown).toBeInstanceOf(Failure);
  const failure = thrown as Failure;
  expect(failure.code, failure.message).toBe(code);
  return failure;
}

import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { editorOf } from '../../../engine/agent/signs/editor-names.ts';
import { bench, handTiming } from './bench.ts';

/** A program that listens, calls somebody itself, and writes to whoever came in as much as it is told to, as node does. */
const SERVER = `import os, socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
out = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
came, _ = listener.accept()
for line in came.makefile():
    left = int(line)
    while left: left -= os.write(came.fileno(), b"x" * left)`;

test('an editor that somebody came in to counts, and what goes over it is when it was used', async () => {
  const elsewhere = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void elsewhere.close());
  await new Promise((resolve) => elsewhere.once('listening', resolve));
  const { port: itsOwn } = elsewhere.address() as { port: number };
  const machine = bench();
  await machine.run('mkdir -p root/.vscode-server/bin');
  const port = await machine.run(
    `cat > root/.vscode-server/bin/server.py <<'END'\n${SERVER}\nEND
exec 4< <(exec python3 $PWD/root/.vscode-server/bin/server.py ${itsOwn}); read -r port <&4; echo $port`,
  );
  const timing = handTiming();
  const signs = machine.open({ timing });
  const look = async () => {
    timing.pass(5_000);
    timing.beat();
    await sleep(30); // the command line is read meanwhile
    timing.pass(5_000);
    timing.beat();
    return signs.reading().editors;
  };
  expect(await look(), 'what it opened itself is nobody who came').toEqual({ value: 0, lastAt: null, say: '' });

  const person = await connected(Number(port));
  const cameAt = Date.now();
  const came = await look();
  expect(came).toMatchObject({ value: 1, say: 'VS Code' });
  expect(came.lastAt).toBeGreaterThanOrEqual(cameAt);

  const received = async (bytes: number): Promise<void> => {
    person.write(`${bytes}\n`);
    for (let got = 0; got < bytes; ) got += (await once(person)).length;
  };
  await sleep(5);
  await received(100);
  expect((await look()).lastAt, 'signs that it still stands are no use of it').toBe(came.lastAt);
  await received(200_000);
  expect((await look()).lastAt).toBeGreaterThan(came.lastAt!);

  person.destroy();
  expect(await look()).toMatchObject({ value: 0, lastAt: expect.any(Number) });
});

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return socket;
}

const once = async (socket: Socket): Promise<Buffer> => await new Promise((resolve) => socket.once('data', resolve));

test.each([
  [
    '/root/.vscode-server/cli/servers/Stable-1/server/node /root/.vscode-server/cli/servers/Stable-1/server/out/server-main.js',
    'VS Code',
  ],
  ['/root/.cursor-server/cli/servers/Stable-1/server/node x', 'Cursor'],
  ['/usr/lib/code-server/lib/node /usr/lib/code-server --bind-addr 0.0.0.0:8080', 'code-server'],
  ['/root/.cache/JetBrains/RemoteDev/dist/1/jbr/bin/java -cp x', 'JetBrains'],
  ['/root/.zed_server/zed-remote-server-stable-0.190 run', 'Zed'],
  ['/opt/venv/bin/python3 /opt/venv/bin/jupyter-lab --no-browser', 'Jupyter'],
  ['python train.py', null],
  ['node server.js', null],
])('%s is %s', (command, editor) => {
  expect(editorOf(command)).toBe(editor);
});

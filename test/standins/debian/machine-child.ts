import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { Chamber } from '../../../engine/marketplaces/local/machine/chamber.ts';
import { sshServer } from '../../../engine/marketplaces/local/machine/ssh-server.ts';

/** The host's sshd, behind its firewall: what the rules in force do not let in hears nothing. Ends with its standard input. */
const { env } = process;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const chamber: Chamber = {
  root: '/',
  prefix: '',
  init: null,
  run(argv, environment) {
    const [program = '', ...args] = argv;
    const child = spawn(program, args, { env: { HOME: '/root', PATH, ...environment }, cwd: '/root', detached: true });
    const signal = (name: NodeJS.Signals): void => {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    };
    return { child, pid: () => child.pid ?? null, signal };
  },
  ended: new Promise(() => undefined),
  close: async () => undefined,
};

const inner = await sshServer({ hostKey: env.HOST_KEY ?? '', chamber, environment: {}, searchPath: PATH }).listen(0);
const door = createServer((socket) => {
  socket.on('error', () => undefined);
  if (!letsIn(port)) return void socket.destroy();
  const behind = connect(inner, '127.0.0.1').on('error', () => socket.destroy());
  socket.pipe(behind).pipe(socket);
});
await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
const { port } = door.address() as AddressInfo;
console.log(`ready ${port}`);
process.stdin.on('end', () => process.exit()).resume();

/** Another program may take the table away at any moment. */
function letsIn(at: number): boolean {
  try {
    return readFileSync('/run/nft-table', 'utf8').includes(`tcp dport ${at} `);
  } catch {
    return true;
  }
}

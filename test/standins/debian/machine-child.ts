import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { Chamber } from '../../../engine/marketplaces/local/machine/chamber.ts';
import { sshServer } from '../../../engine/marketplaces/local/machine/ssh-server.ts';

/**
 * The host's sshd, behind its firewall: what the rules in force do not let in hears nothing. It has two ports, the second one
 * only once somebody asks for it. Ends with its standard input.
 */
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

const [first, second] = [await door(), await door()];
mkdirSync('/run/sshd');
writeFileSync('/run/sshd/ports', `${first}\n`);
console.log(`ready ${first} ${second}`);
process.stdin.on('end', () => process.exit()).resume();

async function door(): Promise<number> {
  const outside = createServer((socket) => {
    socket.on('error', () => undefined);
    if (!(listensOn(port) && letsIn(port))) return void socket.destroy();
    const behind = connect(inner, '127.0.0.1').on('error', () => socket.destroy());
    socket.pipe(behind).pipe(socket);
  });
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
  const { port } = outside.address() as AddressInfo;
  const environment = { SSH_CONNECTION: `127.0.0.1 1 127.0.0.1 ${port}` };
  const inner = await sshServer({ hostKey: env.HOST_KEY ?? '', chamber, environment, searchPath: PATH }).listen(0);
  return port;
}

/** The ports that somebody wrote into its configuration, one a line. */
function listensOn(port: number): boolean {
  return readFileSync('/run/sshd/ports', 'utf8').split('\n').includes(String(port));
}

/** Another program may take the table away at any moment. */
function letsIn(port: number): boolean {
  try {
    const ports = /tcp dport \{([^}]*)\}/.exec(readFileSync('/run/nft-table', 'utf8'))?.[1] ?? '';
    return ports.split(',').map(Number).includes(port);
  } catch {
    return true;
  }
}

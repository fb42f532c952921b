import { once } from 'node:events';
import { connect } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { Failure, reasonOf } from '../domain/failures.ts';
import type { SshJson } from '../http/json/instance.ts';

/** Standard input and output become the connection to the machine's SSH port, for an ssh that runs us as its ProxyCommand. */
export async function connectStdio({ address: { host, port } }: SshJson, signal: AbortSignal): Promise<number> {
  const socket = connect({ host, port, noDelay: true });
  try {
    await once(socket, 'connect', { signal });
  } catch (cause) {
    socket.destroy();
    signal.throwIfAborted();
    throw new Failure('ssh_refused', { address: `${host}:${port}`, why: reasonOf(cause) }, { cause });
  }
  // Either side may end first; when the machine has said its last there is nobody left to talk to.
  const said = pipeline(process.stdin, socket, { signal }).catch(() => undefined);
  await pipeline(socket, process.stdout, { signal, end: false }).catch(() => undefined);
  socket.destroy();
  process.stdin.destroy();
  await said;
  return 0;
}

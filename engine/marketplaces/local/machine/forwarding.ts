import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Connection } from 'ssh2';

/** `ssh -L` and `ssh -R`. Machines share this computer's network, and listen nowhere but on its own address. */
export function serveForwarding(client: Connection): void {
  const listeners = new Map<number, Server>();

  client.on('tcpip', (accept, reject, { destIP, destPort }) => {
    const socket = connect({ host: destIP, port: destPort });
    socket.once('error', () => reject());
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      couple(socket, accept());
    });
  });
  client.on('request', (accept, reject, name, info) => {
    if (name === 'tcpip-forward') listen(info as Bind, accept as Accept, reject as Refuse);
    else if (name === 'cancel-tcpip-forward') unlisten(info as Bind, accept as Accept, reject as Refuse);
    else (reject as Refuse)?.();
  });
  client.on('close', () => {
    for (const server of listeners.values()) server.close();
  });

  function listen({ bindAddr, bindPort }: Bind, accept: Accept, reject: Refuse): void {
    const server = createServer((socket) => {
      const { port } = server.address() as { port: number };
      socket.on('error', () => undefined);
      client.forwardOut(
        bindAddr,
        port,
        socket.remoteAddress ?? '127.0.0.1',
        socket.remotePort ?? 0,
        (cause, channel) => {
          if (cause) socket.destroy();
          else couple(socket, channel);
        },
      );
    });
    server.once('error', () => reject?.());
    server.listen(bindPort, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      listeners.set(port, server);
      accept?.(port);
    });
  }

  function unlisten({ bindPort }: Bind, accept: Accept, reject: Refuse): void {
    const server = listeners.get(bindPort);
    listeners.delete(bindPort);
    server?.close();
    if (server) accept?.();
    else reject?.();
  }
}

type Bind = { readonly bindAddr: string; readonly bindPort: number };
type Accept = ((port?: number) => void) | undefined;
type Refuse = (() => void) | undefined;

type Duplex = NodeJS.ReadWriteStream & { destroy(): unknown };

function couple(socket: Socket, channel: Duplex): void {
  socket.pipe(channel).pipe(socket);
  socket.on('error', () => channel.destroy());
  channel.on('error', () => socket.destroy());
  channel.on('close', () => socket.destroy());
  socket.on('close', () => channel.destroy());
}

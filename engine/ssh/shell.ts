import type { Client } from 'ssh2';
import type { Shell } from '../domain/ports.ts';
import { connectionOver } from './connection.ts';
import { forwardFrom } from './forward-from.ts';
import { runCommand } from './run-command.ts';
import { uploadFiles } from './upload.ts';

/** What the engine may do on a machine it is logged in to. */
export function openShell(client: Client, hostKey: string): Shell {
  const connection = connectionOver(client);
  return {
    hostKey,
    run: async (command, signal, onLine) => await runCommand(connection, command, signal, onLine),
    upload: async (files, signal) => await uploadFiles(connection, files, signal),
    forward: async (onConnection, signal) => await forwardFrom(connection, onConnection, signal),
    lost: connection.lost,
    [Symbol.asyncDispose]: async () => await connection.close(),
  };
}

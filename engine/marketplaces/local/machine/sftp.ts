import {
  chmod,
  chown,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  rename,
  rmdir,
  stat,
  symlink,
  truncate,
  unlink,
  utimes,
} from 'node:fs/promises';
import { join } from 'node:path';
import ssh2, { type Attributes, type FileEntry, type SFTPWrapper } from 'ssh2';
import { insidePath } from './inside-path.ts';
import { attrsOf, longName, openFlags, statusOf } from './sftp-words.ts';

const { STATUS_CODE } = ssh2.utils.sftp;

/** SFTP on a machine's files. The server stands outside of the machine, so each path is resolved within its root. */
export function serveSftp(sftp: SFTPWrapper, root: string): void {
  const opened = new Map<number, Opened>();
  const follow = async (path: string): Promise<string> => await insidePath(root, path);
  const itself = async (path: string): Promise<string> => await insidePath(root, path, 'keep');
  let last = 0;

  const keep = (request: number, entry: Opened): void => {
    const handle = Buffer.alloc(4);
    handle.writeUInt32BE(++last);
    opened.set(last, entry);
    sftp.handle(request, handle);
  };
  const entryOf = (handle: Buffer): Opened => {
    const entry = handle.length === 4 ? opened.get(handle.readUInt32BE()) : undefined;
    if (!entry) throw new Error('no such handle');
    return entry;
  };
  const fileOf = (handle: Buffer): FileHandle => {
    const { file } = entryOf(handle);
    if (!file) throw new Error('not a file');
    return file;
  };
  /** Answers in the order of the requests, as OpenSSH's server does: its client cuts a file short otherwise. */
  let earlier = Promise.resolve();
  const inTurn = (request: number, work: () => Promise<unknown>): void => {
    earlier = earlier.then(work).then(
      () => undefined,
      (cause) => sftp.status(request, statusOf(cause), (cause as Error).message),
    );
  };
  /** The work gives the answer. */
  const answer = (name: string, work: (request: number, ...args: never[]) => Promise<void>): void => {
    sftp.on(name, (request: number, ...args: never[]) => inTurn(request, async () => await work(request, ...args)));
  };
  /** There is nothing to answer but that it is done. */
  const act = (name: string, work: (...args: never[]) => Promise<void>): void => {
    answer(name, async (request, ...args) => {
      await work(...args);
      sftp.status(request, STATUS_CODE.OK);
    });
  };

  answer('OPEN', async (request, path: string, flags: number, attrs: Attributes) => {
    keep(request, { file: await open(await follow(path), openFlags(flags), attrs.mode ?? 0o644) });
  });
  answer('READ', async (request, handle: Buffer, offset: number, length: number) => {
    const chunk = Buffer.allocUnsafe(Math.min(length, READ_BYTES_MAX));
    const { bytesRead } = await fileOf(handle).read(chunk, 0, chunk.length, offset);
    if (bytesRead === 0) sftp.status(request, STATUS_CODE.EOF);
    else sftp.data(request, chunk.subarray(0, bytesRead));
  });
  act('WRITE', async (handle: Buffer, offset: number, data: Buffer) => {
    const file = fileOf(handle);
    for (let at = 0; at < data.length; ) {
      at += (await file.write(data, at, data.length - at, offset + at)).bytesWritten;
    }
  });
  act('CLOSE', async (handle: Buffer) => {
    const { file } = entryOf(handle);
    opened.delete(handle.readUInt32BE());
    await file?.close();
  });
  answer('OPENDIR', async (request, path: string) => {
    const folder = await follow(path);
    keep(request, { folder, names: ['.', '..', ...(await readdir(folder))] });
  });
  answer('READDIR', async (request, handle: Buffer) => {
    const entry = entryOf(handle);
    const names = entry.names?.splice(0, NAMES_AT_ONCE) ?? [];
    if (names.length === 0) return sftp.status(request, STATUS_CODE.EOF);
    sftp.name(request, (await Promise.all(names.map((name) => listing(entry.folder ?? root, name)))).flat());
  });
  answer('FSTAT', async (request, handle: Buffer) => sftp.attrs(request, attrsOf(await fileOf(handle).stat())));
  answer('STAT', async (request, path: string) => sftp.attrs(request, attrsOf(await stat(await follow(path)))));
  answer('LSTAT', async (request, path: string) => sftp.attrs(request, attrsOf(await lstat(await itself(path)))));
  act('SETSTAT', async (path: string, attrs: Attributes) => {
    const at = await follow(path);
    if (attrs.size !== undefined) await truncate(at, attrs.size);
    if (attrs.mode !== undefined) await chmod(at, attrs.mode & 0o7777);
    if (attrs.uid !== undefined && attrs.gid !== undefined) await chown(at, attrs.uid, attrs.gid);
    if (attrs.atime !== undefined && attrs.mtime !== undefined) await utimes(at, attrs.atime, attrs.mtime);
  });
  act('FSETSTAT', async (handle: Buffer, attrs: Attributes) => {
    const file = fileOf(handle);
    if (attrs.size !== undefined) await file.truncate(attrs.size);
    if (attrs.mode !== undefined) await file.chmod(attrs.mode & 0o7777);
    if (attrs.uid !== undefined && attrs.gid !== undefined) await file.chown(attrs.uid, attrs.gid);
    if (attrs.atime !== undefined && attrs.mtime !== undefined) await file.utimes(attrs.atime, attrs.mtime);
  });
  answer('REALPATH', async (request, path: string) => {
    sftp.name(request, [named((await follow(path)).slice(root.length) || '/')]);
  });
  answer('READLINK', async (request, path: string) => sftp.name(request, [named(await readlink(await itself(path)))]));
  act('SYMLINK', async (path: string, target: string) => await symlink(target, await itself(path)));
  act('REMOVE', async (path: string) => await unlink(await itself(path)));
  act('MKDIR', async (path: string, attrs: Attributes) => {
    await mkdir(await itself(path), attrs.mode ?? 0o777);
  });
  act('RMDIR', async (path: string) => await rmdir(await itself(path)));
  act('RENAME', async (from: string, to: string) => await rename(await itself(from), await itself(to)));
  sftp.on('end', () => {
    succeed(sftp);
    sftp.end();
  });
  sftp.on('close', () => {
    for (const { file } of opened.values()) file?.close().catch(() => undefined);
    opened.clear();
  });
}

type Opened = { readonly file?: FileHandle; readonly folder?: string; readonly names?: string[] };

/** `scp` asks how its server ended. ssh2 says that of any session but this kind, so its words are borrowed. */
function succeed(sftp: SFTPWrapper): void {
  const { _protocol, outgoing } = sftp as unknown as {
    _protocol: { exitStatus(channel: number, code: number): void };
    outgoing: { readonly id: number; readonly state: string };
  };
  if (outgoing.state === 'open') _protocol.exitStatus(outgoing.id, 0);
}

const READ_BYTES_MAX = 32 * 1024; // a packet
const NAMES_AT_ONCE = 100;

async function listing(folder: string, name: string): Promise<FileEntry[]> {
  try {
    const stats = await lstat(join(folder, name));
    return [{ filename: name, longname: longName(name, stats), attrs: attrsOf(stats) }];
  } catch {
    return []; // removed in the meantime
  }
}

function named(filename: string): FileEntry {
  return { filename, longname: filename, attrs: {} as Attributes };
}

import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMissing } from '../../../files/whole-file.ts';
import { withPrefix } from './shared-root.ts';
import type { MachineFiles, MachineSpec } from './spec.ts';

/** Folders of the machine's own. They lie in one folder, not on mounts, so files can be renamed from one to another. */
const OWN = [
  'root',
  'workspace',
  'data',
  'tmp',
  'opt/dumont',
  'run/nvidia/lib',
  'home',
  'mnt',
  'media',
  'srv',
  'usr/bin',
];
const OWN_VAR = ['tmp', 'log', 'cache', 'lib', 'spool', 'opt'].map((name) => `var/${name}`);
const MOUNTED = ['etc', 'proc', 'sys', 'dev'];

/** Folders of this computer that every machine sees and none can change. */
const SHARED = ['usr', 'bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32', 'nix', 'gnu'];

/** Puts into a new machine's root what an image would bring. A machine that starts again keeps what it has. */
export function furnish(files: MachineFiles, spec: MachineSpec, publicHostKey: string): void {
  if (!existsSync(files.overlay)) makeRoot(files, spec);
  const own = (path: string): string => join(files.root, path);
  writeFileSync(own('opt/dumont/boot.json'), spec.bootConfig, { mode: 0o600 });
  const script = spec.isolation === 'prefix' ? withPrefix(spec.bootScript, files.root) : spec.bootScript;
  writeFileSync(own('opt/dumont/boot.sh'), script, { mode: 0o700 });
  writeFileSync(join(files.overlay, 'ssh', 'ssh_host_ed25519_key.pub'), `${publicHostKey} root@${spec.instance}\n`);
}

function makeRoot(files: MachineFiles, spec: MachineSpec): void {
  const own = (path: string): string => join(files.root, path);
  for (const path of [...OWN, ...OWN_VAR, ...MOUNTED]) mkdirSync(own(path), { recursive: true });
  for (const path of ['tmp', 'var/tmp']) chmodSync(own(path), 0o1777);
  chmodSync(own('root'), 0o700);
  symlinkSync('/run', own('var/run'));

  mkdirSync(own('root/.ssh'), { mode: 0o700 });
  writeFileSync(own('root/.ssh/authorized_keys'), spec.publicKeys.map((key) => `${key}\n`).join(''), { mode: 0o600 });
  for (const name of ['.bashrc', '.profile']) copyIfThere(`/etc/skel/${name}`, own(`root/${name}`));

  for (const path of ['bin', 'etc', 'ssh']) mkdirSync(join(files.overlay, path), { recursive: true });
  mkdirSync(join(files.overlay, 'etc', 'ssh'));
  writeFileSync(join(files.overlay, 'etc', 'hostname'), `${spec.instance}\n`);
  keepResolving(join(files.overlay, 'etc', 'resolv.conf'));
  // Once for the machine whose /usr/bin is laid over the computer's, once for the one that has no root of its own.
  for (const path of [join(files.overlay, 'bin', 'nvidia-smi'), own('usr/bin/nvidia-smi')]) {
    copyFileSync(fileURLToPath(new URL('nvidia-smi', import.meta.url)), path);
    chmodSync(path, 0o755);
  }
}

/** Which of the computer's folders to mount; those that are only links, as /bin often is, are made here. */
export function sharedFolders(root: string): readonly string[] {
  return SHARED.filter((name) => {
    const stat = lstatSync(`/${name}`, { throwIfNoEntry: false });
    const own = join(root, name);
    const isThere = lstatSync(own, { throwIfNoEntry: false }) !== undefined;
    if (stat?.isSymbolicLink() && !isThere) symlinkSync(readlinkSync(`/${name}`), own);
    if (stat?.isDirectory() && !isThere) mkdirSync(own);
    return stat?.isDirectory();
  });
}

/** Names are often resolved through a file below /run, where a machine has a folder of its own. */
function keepResolving(copy: string): void {
  try {
    const real = realpathSync('/etc/resolv.conf');
    if (!real.startsWith('/etc/')) writeFileSync(copy, readFileSync(real));
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
  }
}

function copyIfThere(from: string, to: string): void {
  try {
    copyFileSync(from, to);
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
  }
}

import type { MachineFiles } from './spec.ts';

/**
 * The shell script that gives a machine its own root. It runs as the first process of new mount, process, host name and
 * IPC namespaces, and in the end becomes the machine's first process: one that reaps what others leave behind and lives
 * until its standard input ends, that is for as long as the process that holds the other end.
 */
export function ownRootScript(files: MachineFiles, hostname: string, shared: readonly string[]): string {
  const at = (path: string): string => word(`${files.overlay}/${path}`);
  return `
set -eu
read -r pid rest < /proc/self/stat # its number as the outside sees it; /proc is still the old one
mount --bind ${word(files.root)} ${word(files.root)}
cd ${word(files.root)}

${shared.map((name) => `mount --bind -o ro /${name} ${name}`).join('\n')}
if ! mount -t overlay -o ro,lowerdir=${at('bin')}:/usr/bin overlay usr/bin 2>/dev/null && [ -e usr/bin/nvidia-smi ]; then
  mount --bind ${at('bin/nvidia-smi')} usr/bin/nvidia-smi
fi
mount -t overlay -o ro,lowerdir=${at('etc')}:/etc overlay etc 2>/dev/null || mount --bind -o ro /etc etc
[ ! -d etc/ssh ] || mount --bind ${at('ssh')} etc/ssh

mount -t proc proc proc
for path in sys sysrq-trigger irq bus fs; do
  [ ! -e proc/$path ] || mount --bind -o ro proc/$path proc/$path 2>/dev/null || true
done
mount --bind -o ro /sys sys 2>/dev/null || mount --rbind /sys sys

mount -t tmpfs -o mode=755,nosuid tmpfs dev
mkdir dev/pts dev/shm
chmod 1777 dev/shm
for name in null zero full random urandom tty; do
  : > dev/$name
  mount --bind /dev/$name dev/$name
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for n in 0:stdin 1:stdout 2:stderr; do ln -s /proc/self/fd/\${n%%:*} dev/\${n#*:}; done

hostname ${word(hostname)} 2>/dev/null || true
pivot_root . .
umount -l .
cd /
echo "ready $pid"
exec setpriv ${CAPABILITIES.join(' ')} /bin/bash --norc -c 'exec >/dev/null 2>&1; trap "" HUP INT TERM; while read -r line; do :; done'
`;
}

/**
 * What root may do inside: what containers usually allow, but no device files. So it can neither undo the mounts that
 * keep the computer's own files unchanged nor reach its disks.
 */
export const CAPABILITIES: readonly string[] = [
  `--bounding-set=-all,${[
    'chown',
    'dac_override',
    'fowner',
    'fsetid',
    'kill',
    'setgid',
    'setuid',
    'setpcap',
    'net_bind_service',
    'net_raw',
    'sys_chroot',
    'audit_write',
    'setfcap',
  ]
    .map((name) => `+${name}`)
    .join(',')}`,
  '--inh-caps=-all',
];

function word(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

/** Names and values of a file's extended attributes, in base64. */
export type Attributes = readonly (readonly [string, string])[];

/**
 * Those of many files at once, by index; null when nobody here can tell. Node has no call for them, and Perl is part of
 * every Debian and Ubuntu, however small.
 */
export async function attributesOf(
  paths: readonly Buffer[],
  signal: AbortSignal,
  arch = process.arch,
): Promise<ReadonlyMap<number, Attributes> | null> {
  const calls = CALLS[arch];
  if (!calls) return null;
  const options = { signal, maxBuffer: OUTPUT_MAX, encoding: 'buffer' } as const;
  const running = run('perl', ['-e', READ, String(calls.list), String(calls.get)], options);
  const input = Buffer.concat(paths.flatMap((path) => [path, ZERO]));
  running.child.stdin!.on('error', () => undefined).end(input);
  const ran = await running.catch(() => null);
  signal.throwIfAborted();
  if (ran === null) return null;
  const found = new Map<number, Attributes>();
  for (const line of ran.stdout.toString('latin1').split('\n').filter(Boolean)) {
    const [index = '', ...words] = line.split(' ');
    found.set(
      Number(index),
      words.map((word) => word.split('=') as [string, string]).map(([name, value]) => [base64(name), base64(value)]),
    );
  }
  return found;
}

/** False when some could not be set. */
export function setAttributes(files: readonly { readonly path: Buffer; readonly xattrs: Attributes }[]): boolean {
  const calls = CALLS[process.arch];
  if (!calls) return false;
  const lines = files.flatMap(({ path, xattrs }) =>
    xattrs.map(([name, value]) => `${path.toString('hex')} ${hex(name)} ${hex(value)}\n`),
  );
  return spawnSync('perl', ['-e', WRITE, String(calls.set)], { input: lines.join('') }).status === 0;
}

const run = promisify(execFile);
const base64 = (text: string): string => Buffer.from(text, 'hex').toString('base64');
const hex = (text: string): string => Buffer.from(text, 'base64').toString('hex');

/** The numbers of llistxattr, lgetxattr, lsetxattr and utimensat. */
export const CALLS: Readonly<Record<string, Readonly<Record<'list' | 'get' | 'set' | 'time', number>>>> = {
  x64: { list: 195, get: 192, set: 189, time: 280 },
  arm64: { list: 12, get: 9, set: 6, time: 88 },
};

const ZERO = Buffer.of(0);
const OUTPUT_MAX = 256 * 1024 * 1024;

/** A line for each file that has some: its index, then name=value in hex. What went meanwhile, or knows none, has none. */
const READ = String.raw`
my ($list, $get) = map { $_ + 0 } @ARGV;
$/ = "\0"; binmode STDIN;
for (my $i = 0; defined(my $path = <STDIN>); $i++) {
  chomp $path;
  my $names = "\0" x 65536;
  my $length = syscall($list, $path, $names, 65536);
  next if $length < 1;
  my @words;
  for my $name (split /\0/, substr($names, 0, $length)) {
    my $value = "\0" x 65536;
    my $bytes = syscall($get, $path, $name, $value, 65536);
    next if $bytes < 0 && ($!{ENODATA} || $!{ENOENT});
    exit 1 if $bytes < 0;
    push @words, unpack("H*", $name) . "=" . unpack("H*", substr($value, 0, $bytes));
  }
  print "$i @words\n";
}`;

const WRITE = `
my $set = $ARGV[0] + 0;
my $bad = 0;
while (<STDIN>) {
  chomp;
  my ($path, $name, $value) = map { pack("H*", $_) } split / /, $_, -1;
  $bad = 1 if syscall($set, $path, $name, $value, length $value, 0) != 0;
}
exit $bad;`;

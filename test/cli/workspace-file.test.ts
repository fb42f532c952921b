import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readWorkspaceFile } from '../../engine/cli/workspace-file/read.ts';
import { workspaceSchema } from '../../engine/cli/workspace-file/schema.ts';

const folder = mkdtempSync(join(tmpdir(), 'dumont-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

function read(text: string, name = 'lab.yaml') {
  const file = join(folder, name);
  writeFileSync(file, text);
  return readWorkspaceFile(file);
}

/** What it says of a file that is wrong, with its folder left out. */
function complaint(text: string, name?: string): string {
  try {
    read(text, name);
  } catch (thrown) {
    return (thrown as Error).message.replaceAll(`${folder}/`, '');
  }
  throw new Error('it was accepted');
}

const WHOLE = `
# what I train on
image: pytorch/pytorch:2.6.0-cuda12.6-cudnn9-runtime
gpu: RTX 4090
need:
  dollars_per_hour_max: 0.5
  regions: [eu-west, eu-north]
disk_gb: 80
ports: [8888]
public_keys:
  - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 ana@home
  - file:keys/bob.pub
environment:
  HF_HOME: /data/hf
  WORKERS: 4
  DEBUG: true
include: [/srv/models]
exclude: ['*.tmp']
file_gb_max: 2.5
backup_every: 90s
idle:
  hibernate: true
  after: 5m
  grace: 1m30s
  first: 0s
  gpu_busy_percent: 3
  network_busy_mb_per_second: 0.2
  attached: 2h
after_wake: |
  pip install -r requirements.txt
`;

test('a workspace file says everything that a workspace is', async () => {
  const { mkdirSync } = await import('node:fs');
  mkdirSync(join(folder, 'keys'), { recursive: true });
  writeFileSync(join(folder, 'keys', 'bob.pub'), 'ssh-rsa AAAAB3NzaC1 bob\n');
  expect(read(WHOLE)).toEqual({
    image: 'pytorch/pytorch:2.6.0-cuda12.6-cudnn9-runtime',
    need: { gpu: 'RTX 4090', dollars_per_hour_max: 0.5, regions: ['eu-west', 'eu-north'] },
    disk_gb: 80,
    ports: [8888],
    public_keys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 ana@home', 'ssh-rsa AAAAB3NzaC1 bob'],
    environment: { HF_HOME: '/data/hf', WORKERS: '4', DEBUG: 'true' },
    include_paths: ['/srv/models'],
    exclude_paths: ['*.tmp'],
    file_bytes_max: 2.5e9,
    backup_every_ms: 90_000,
    idle: {
      hibernate: true,
      idle_ms: 300_000,
      grace_ms: 90_000,
      first_ms: 0,
      gpu_busy_percent: 3,
      network_busy_bytes_per_second: 200_000,
      attached_ms: 7_200_000,
    },
    after_wake: 'pip install -r requirements.txt\n',
  });
});

test('JSON is read by the same words, and what is not named is not asked for', () => {
  expect(read('{\n\t"gpu": "A100",\n\t"after_wake": null\n}', 'lab.json')).toEqual({
    need: { gpu: 'A100' },
    after_wake: null,
  });
});

test.each([
  ['an unknown key', 'image: x\n\n# more\ngpus: 2\n', 'lab.yaml, line 4: unknown key "gpus". Did you mean "gpu"?'],
  [
    'an unknown key inside',
    'idle:\n  after: 5m\n  afterr: 6m\n',
    'lab.yaml, line 3: unknown key "idle.afterr". Did you mean "after"?',
  ],
  [
    'an unknown key like no other',
    'colour: red\n',
    'line 1: unknown key "colour". Known here: $schema, image, gpu, need',
  ],
  ['a word for a number', 'image: x\ndisk_gb: lots\n', 'line 2: disk_gb: expected a number, not "lots".'],
  ['nothing for a list', 'ports:\nimage: x\n', 'line 1: ports: expected a list, not nothing.'],
  ['a port that is none', 'ports:\n  - 80\n  - 70000\n', 'line 3: ports.1: expected at most 65535.'],
  ['a bare number for a time', 'backup_every: 5\n', 'line 1: backup_every: expected a length of time like'],
  [
    'a time that is none',
    'idle:\n  after: soon\n',
    'line 2: idle.after: expected a length of time like 90s, 5m, 2h or 1d.',
  ],
  ['a time that is too long', 'idle:\n  after: 90d\n', 'line 2: idle.after: expected 1 s to 30 d.'],
  ['a path out of the root', 'include: [a/../../etc]\n', 'line 1: include.0: a path has no ".." in it.'],
  ['the GPU twice', 'gpu: A\nneed: { gpu: B }\n', 'line 1: gpu: said twice: once here and once in `need`.'],
  [
    'a number that would lose zeros',
    'environment:\n  V: 1.10\n',
    'line 2: environment.V: expected text; write a number',
  ],
  ['a name that is no variable', 'environment:\n  A-B: x\n', 'line 2: environment.A-B: a variable has letters'],
  ['a list for a file', '- image: x\n', 'line 1: expected lines like "gpu: RTX 4090".'],
  ['an empty file', '', 'line 1: expected lines like'],
  ['a key twice', 'image: a\nimage: b\n', 'lab.yaml, line 2: Map keys must be unique'],
  ['a line that does not end', 'ports: [1, 2\nimage: x\n', 'lab.yaml'],
  ['a tag that makes things', 'image: !!js/function "x"\n', 'lab.yaml, line 1: '],
  [
    'a key that is none',
    'public_keys:\n  - mykey\n',
    'line 2: public_keys.0: expected one line of an OpenSSH public key',
  ],
  ['a key file that is not there', 'public_keys: [file:nobody.pub]\n', 'nobody.pub cannot be used: '],
])('%s is said with its line, and what is allowed', (_, text, says) => {
  expect(complaint(text)).toContain(says);
});

test('every mistake is said at once', () => {
  expect(complaint('gpus: 2\ndisk_gb: x\nidle:\n  hibernate: maybe\n').split('\n')).toEqual([
    'lab.yaml has 3 mistakes:',
    expect.stringMatching(/^ {2}line \d: /),
    expect.stringMatching(/^ {2}line \d: /),
    expect.stringMatching(/^ {2}line \d: /),
  ]);
});

test('a few lines that stand for millions are refused', () => {
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
  for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg']) {
    bomb.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(',')}]`);
  }
  expect(complaint(bomb.join('\n'))).toContain('Excessive alias count');
});

test('the schema for editors knows every key, and says what each is', () => {
  const schema = workspaceSchema() as { properties: Record<string, { description?: string; properties?: object }> };
  expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
  expect(Object.keys(schema.properties)).toEqual(
    expect.arrayContaining(['image', 'gpu', 'need', 'idle', 'after_wake', 'backup_every', 'file_gb_max']),
  );
  expect(Object.keys(schema.properties.idle?.properties ?? {})).toContain('gpu_busy_percent');
  expect(schema.properties.exclude?.description).toContain('.gitignore');
});

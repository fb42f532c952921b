import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resticProgram } from '../restic/which-restic.ts';

/** A machine of its own: processes, mounts and a root that forgets. Everything in it dies with its first process. */
const MACHINE = `
set -e
: dumont-frozen
top=$1
shift
mount -t tmpfs tmpfs "$top"
mkdir "$top/up" "$top/work" "$top/all"
mount -t overlay overlay -o "lowerdir=/,upperdir=$top/up,workdir=$top/work" "$top/all"
mount -t proc proc "$top/all/proc"
mount --rbind /dev "$top/all/dev"
chroot "$top/all" "$@"
`;

function inMachine(...command: readonly string[]): { code: number | null; stdout: string; stderr: string } {
  const top = mkdtempSync(join(tmpdir(), 'dumont-frozen-'));
  try {
    const args = ['--pid', '--fork', '--mount', '--mount-proc', '--kill-child', 'sh', '-c', MACHINE, 'sh', top];
    const { status, stdout, stderr } = spawnSync('unshare', [...args, ...command], {
      encoding: 'utf8',
      timeout: 60_000,
      killSignal: 'SIGKILL', // unshare takes no other
    });
    return { code: status, stdout, stderr };
  } finally {
    rmSync(top, { recursive: true, force: true }); // empty: what was mounted there went with the machine
  }
}

const possible = resticProgram !== null && process.platform === 'linux' && inMachine('true').code === 0;
if (!possible) console.warn('SKIPPED: no machine of its own can be made here, so that stopping processes is not tried');

test.skipIf(!possible)(
  'a last save stands everything still, and whatever ends it lets go on what it stopped and nothing else',
  () => {
    const env = ['env', `DUMONT_RESTIC=${resticProgram}`];
    const { stdout, stderr } = inMachine(...env, process.execPath, join(import.meta.dirname, 'freeze-scenario.ts'));
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      stopped: ['T', 'T', 'T', true],
      jobStopped: ['T'],
      manifest: [
        'data',
        'root',
        'workspace',
        'workspace/.dumont',
        'workspace/.dumont/runs',
        'workspace/.dumont/runs/op1',
        'workspace/.dumont/runs/op1/meta.json',
        'workspace/.dumont/runs/op1/output.txt',
        'workspace/own',
        'workspace/own/file',
        'workspace/written',
      ],
      saved: { moved: false, partial: false },
      digests: [64, null],
      stillDuringProof: true,
      firstCode: 0,
      jobContinued: true,
      continued: [true, true, 'T', true],
      hungUpCode: 1,
      afterHangUp: [true, 'T'],
      afterKill: [true, 'T'],
      keptCode: 0,
      kept: ['T', 'T', 'T'],
      taken: true,
      lastContinued: [true, true, 'T'],
      moving: [
        { event: 'moved', round: 1, paths: ['workspace/uploaded'] },
        { event: 'moved', round: 2, paths: ['workspace/uploaded'] },
        { event: 'failed', code: 'backup_failed', why: 'something still changes the files: workspace/uploaded' },
      ],
      afterMoving: [true, 'T'],
      list: { kept: false, sequence: 0, processes: [] },
    });
  },
  60_000,
);

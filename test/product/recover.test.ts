import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test, vi } from 'vitest';
import { ACCOUNTS, INSTALLATION } from '../../engine/domain/layout.ts';
import { openDumont } from '../../engine/main.ts';
import { readConfig } from '../../engine/process/config.ts';
import { confirmNext, nextRecoveryKey } from '../../engine/storage/key-files.ts';
import { recoveryKeyIn, recoveryKeyOf } from '../../engine/storage/recovery-key.ts';
import { openStore } from '../../engine/store/open-store.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';

vi.setConfig({ testTimeout: 90_000 }); // several engines, one after the other, on a computer that may be busy
const PROGRAM = join(import.meta.dirname, '..', '..', 'engine', 'recover-main.ts');

/** As `dumont recover` starts it: the key on standard input, and nowhere else. */
async function recover(home: string, key: string): Promise<{ code: number | null; out: string; said: string }> {
  const env = { PATH: '/usr/bin:/bin', DUMONT_HOME: home };
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['pipe', 'pipe', 'pipe'], env });
  child.stdin.end(`${key}\n`);
  const ended = once(child, 'close') as Promise<[number | null]>;
  const [out, said, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, out, said };
}

test.skipIf(resticProgram === null)(
  'an installation whose store and keys are gone comes back with its recovery key',
  async () => {
    await using folder = await temporaryFolder();
    const home = folder.path;
    const settings = { DUMONT_HOME: home, DUMONT_PORT: '0', DUMONT_RESTIC: resticProgram ?? '' };
    let key = '';
    let installation = '';
    {
      await using dumont = await openDumont(readConfig(settings), () => undefined);
      key = dumont.first?.recoveryKey ?? '';
      expect(key).toBe(await recoveryKeyIn(join(home, 'master.key')));
      const spec = { environment: { TOKEN: 'hunter2' }, plan: 'pro' } as const;
      await dumont.engine.create('lab', spec, { by: 'ana', key: null });
      const { storage } = dumont.ports;
      const noted = async () => (await storage.list(INSTALLATION, AbortSignal.timeout(5_000))).length > 0;
      await expect.poll(noted, { timeout: 10_000 }).toBe(true);
      const kept = async () => (await storage.list(ACCOUNTS, AbortSignal.timeout(5_000))).length;
      await expect.poll(kept, { timeout: 30_000 }).toBe(1);
      installation = dumont.ports.settings.installation;
    }
    const storageFiles = join(home, 'storage');
    for (const gone of ['state', 'master.key', 'installation.json', 'journals', 'keys'])
      rmSync(join(home, gone), { recursive: true, force: true });

    const fresh = openDumont(readConfig(settings), () => undefined);
    await expect(fresh, 'an engine that begins with nothing').rejects.toThrow(
      /is of an installation of Dumont already \(workspaces: lab\).*"dumont recover" brings it back/,
    );
    const slip = await recover(home, `${key.slice(0, -1)}${key.endsWith('7') ? '8' : '7'}`);
    expect([slip.code, slip.said]).toEqual([65, expect.stringContaining('This is no recovery key')]);
    const other = await recover(home, recoveryKeyOf(Buffer.alloc(32, 9)));
    expect([other.code, other.said]).toEqual([77, expect.stringContaining('not of what lies in this storage')]);
    expect(existsSync(join(home, 'master.key')), 'nothing was changed').toBe(false);

    const done = await recover(home, key);
    expect(done.said).toBe('');
    expect(JSON.parse(done.out)).toEqual({
      installation,
      accounts: 1,
      reserved: ['ana'],
      workspaces: [{ id: 'lab', snapshots: 0, missing: [], unreadable: [] }],
      foreign: [],
    });
    expect(JSON.parse(readFileSync(join(home, 'installation.json'), 'utf8')).id).toBe(installation);
    {
      await using store = await openStore(join(home, 'state'));
      const [lab] = await store.list('workspaces');
      expect(lab).toMatchObject({ id: 'lab', owner: 'ana', spec: { environment: { TOKEN: 'hunter2' }, plan: 'pro' } });
    }
    const again = await recover(home, key);
    expect([again.code, again.said]).toEqual([73, expect.stringContaining('There is a store')]);
    expect(existsSync(storageFiles)).toBe(true);

    await using dumont = await openDumont(readConfig(settings), () => undefined);
    expect(await dumont.ports.repositories.password((await dumont.engine.status('lab'))[0]!.workspace)).toMatch(
      /^[0-9a-f]{64}$/,
    );
    await expect(dumont.engine.wake('lab', {}, { by: 'ana', key: null })).rejects.toMatchObject({
      code: 'recovery_unconfirmed',
    });
  },
);

test.skipIf(resticProgram === null)(
  'a new recovery key that was typed back is taken at the next start, and the old one recovers nothing then',
  async () => {
    await using folder = await temporaryFolder();
    const home = folder.path;
    const file = join(home, 'master.key');
    const settings = { DUMONT_HOME: home, DUMONT_PORT: '0', DUMONT_RESTIC: resticProgram ?? '' };
    const open = async () => await openDumont(readConfig(settings), () => undefined);
    let password = '';
    {
      await using dumont = await open();
      const lab = await dumont.engine.create('lab', {}, { by: 'ana', key: null });
      password = await dumont.ports.repositories.password(lab);
      const noted = async () => (await dumont.ports.storage.list(INSTALLATION, AbortSignal.timeout(5_000))).length > 0;
      await expect.poll(noted, { timeout: 10_000 }).toBe(true);
    }
    const old = await recoveryKeyIn(file);
    const fresh = (await nextRecoveryKey(file)) ?? '';
    await confirmNext(file, fresh);
    {
      await using dumont = await open();
      await expect.poll(async () => await recoveryKeyIn(file), { timeout: 20_000 }).toBe(fresh);
      const [{ workspace: lab } = { workspace: null }] = await dumont.engine.status('lab');
      expect(await dumont.ports.repositories.password(lab!)).toBe(password);
      expect((await dumont.ports.journals.verify()).broken, 'the audit is whole').toBeNull();
    }
    rmSync(join(home, 'state'), { recursive: true });
    rmSync(file);
    expect((await recover(home, old)).code).toBe(77);
    expect(JSON.parse((await recover(home, fresh)).out)).toMatchObject({ workspaces: [{ id: 'lab', unreadable: [] }] });
  },
);

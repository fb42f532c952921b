import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { draftManifestKey, manifestKey, repositoryPrefix, repositoryUrl } from '../../engine/domain/layout.ts';
import type { Workspace } from '../../engine/domain/workspace.ts';
import { masterKey } from '../../engine/storage/master-key.ts';
import { resticRepositories } from '../../engine/storage/repositories.ts';
import { s3Storage } from '../../engine/storage/s3.ts';
import { AGENT_ENTRY, bundleAgent } from '../../engine/tools/bundle-agent.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { ROOT, storageWorld } from '../storage/storage-world.ts';
import { machineIn, treeOf } from './machine.ts';

const folder = mkdtempSync(join(tmpdir(), 'dumont-s3-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As it is on a machine: the bundled agent, short-lived credentials for one prefix, presigned URLs, object storage. */
test.skipIf(resticProgram === null)(
  'the control host reads back from storage what the agent put there',
  async () => {
    const { signal } = new AbortController();
    await using world = await storageWorld();
    using storage = s3Storage({ ...world.place(), parent: { ...ROOT, account: 'local' }, now: Date.now });
    const key = masterKey(Buffer.alloc(32, 1));
    const restic = resticProgram!;
    const repositories = resticRepositories({
      restic,
      storage,
      masterKey: key,
      folder,
      connections: 8,
      now: Date.now,
      log: () => undefined,
    });
    const lab = { id: 'lab', sealedPassword: (await repositories.newPassword()).sealed } as Workspace;
    await repositories.ensure(lab, signal);
    const program = join(folder, 'agent.mjs');
    writeFileSync(program, (await bundleAgent(AGENT_ENTRY)).bytes);
    const base = {
      protocol: 1,
      workspace: 'lab',
      machine: 'm1',
      epoch: 1,
      repository: {
        url: repositoryUrl(storage.endpoint, storage.bucket, 'lab'),
        region: storage.region,
        password: await repositories.password(lab),
        credentials: await storage.issue({ prefix: repositoryPrefix('lab'), access: 'write', ttlMs: 600_000 }),
        connections: 8,
      },
    };

    const a = machineIn(join(folder, 'a'), restic, new Set(), program);
    await a.run('restore', { ...base, verb: 'restore', job: 'new', snapshot: null });
    mkdirSync(join(a.root, 'workspace/many'));
    for (let n = 0; n < 300; n++) writeFileSync(join(a.root, `workspace/many/${n}`), `file ${n}`);
    writeFileSync(join(a.root, 'workspace/model.bin'), Buffer.alloc(30_000_000, 'weights'));
    const draft = draftManifestKey('lab', 'm1', 'd1');
    const save = a.start('save', {
      ...base,
      verb: 'save',
      mode: 'live',
      parent: null,
      time: 1_700_000_000_000,
      tags: ['draft=d1'],
      include: [],
      exclude: [],
      fileBytesMax: 1e10,
      rounds: 1,
      sequence: 1,
      manifestUrl: await storage.presign('PUT', draft, 600_000),
    });
    const saved = await save.until('saved');
    const stored = await repositories.snapshot(lab, saved.snapshot!, signal);
    expect(stored).toEqual({ id: saved.snapshot, time: 1_700_000_000_000, host: 'lab', tags: ['draft=d1'] });
    const files = await repositories.files(lab, saved.snapshot!, signal);
    expect([files.length, files.reduce((sum, file) => sum + file.sizeBytes, 0)]).toEqual([saved.files, saved.bytes]);
    const asked = ['workspace/model.bin', 'workspace/many/7'];
    save.say({ say: 'challenge', paths: asked });
    const { sha256 } = await save.until('digests');
    expect(Object.fromEntries(await repositories.digests(lab, saved.snapshot!, asked, signal))).toEqual(sha256);
    const manifest = (await storage.get(draft, signal))!;
    expect(createHash('sha256').update(manifest).digest('hex')).toBe(saved.manifestSha256);
    expect(gunzipSync(manifest).toString().trim().split('\n')).toHaveLength(305);
    save.say({ say: 'verdict', processes: 'continue' });
    expect(await save.ended).toBe(0);

    await storage.put(manifestKey('lab', saved.snapshot!), manifest, signal);
    const manifestUrl = await storage.presign('GET', manifestKey('lab', saved.snapshot!), 600_000);
    const read = await storage.issue({ prefix: repositoryPrefix('lab'), access: 'read', ttlMs: 600_000 });
    const b = machineIn(join(folder, 'b'), restic, new Set(), program);
    const events = await b.run('restore', {
      ...base,
      repository: { ...base.repository, credentials: read }, // a restore needs to write nothing
      verb: 'restore',
      job: 'back',
      snapshot: { id: saved.snapshot, contentHash: saved.contentHash, manifestUrl },
    });
    expect(events.at(-1)).toMatchObject({ event: 'complete', contentHash: saved.contentHash });
    expect(treeOf(b.root, ['opt'])).toEqual(treeOf(a.root, ['opt']));
  },
  60_000,
);

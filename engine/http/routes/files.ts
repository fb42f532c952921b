import { Readable } from 'node:stream';
import * as z from 'zod';
import type { FileDifference } from '../../domain/doors.ts';
import { DifferencesJson, differenceJson, EntriesJson, entryJson } from '../json/files.ts';
import { InstanceId } from '../json/instance.ts';
import { MachinePath } from '../json/spec.ts';
import { PAGE, pageOf } from '../page.ts';
import { route } from '../route.ts';
import { SnapshotId } from './snapshots.ts';

const Id = z.object({ id: SnapshotId });
const Path = MachinePath.optional();

/** What is in a snapshot. Read from storage: no machine is rented for it. */
export const fileRoutes = [
  route({
    method: 'get',
    path: '/api/v1/snapshots/:id/files',
    verb: 'files',
    params: Id,
    query: z.strictObject({
      ...PAGE,
      instance_id: InstanceId,
      path: Path.describe('A directory of it; the top if missing.'),
      deep: z.enum(['true', 'false']).optional().describe('All that lies below, by its path from there.'),
    }),
    answers: { 200: EntriesJson },
    async answer({ engine, params, query: { instance_id, path = '', deep, ...part }, signal }) {
      const folder = path.replace(/\/+$/, '');
      const entries = await engine.files(instance_id, params.id, { folder, deep: deep === 'true' }, signal);
      const { page, next_cursor } = pageOf(entries, ({ name }) => name, part, 'ascending');
      return { status: 200, body: { entries: page.map(entryJson), next_cursor } };
    },
  }),

  route({
    method: 'get',
    path: '/api/v1/snapshots/:id/diff',
    verb: 'files',
    say: 'How another snapshot differs from this one',
    params: Id,
    query: z.strictObject({
      ...PAGE,
      instance_id: InstanceId,
      with: SnapshotId,
      path: Path.describe('Only this file, or what lies below this directory.'),
    }),
    answers: { 200: DifferencesJson },
    async answer({ engine, params, query: { instance_id, with: other, path = '', ...part }, signal }) {
      const below = path.replace(/\/+$/, '');
      const all = (await engine.diff(instance_id, params.id, other, signal)).filter(
        (one) => below === '' || one.path === below || one.path.startsWith(`${below}/`),
      );
      const count = (change: FileDifference['change']): number => all.filter((one) => one.change === change).length;
      const counts = { added: count('added'), removed: count('removed'), changed: count('changed') };
      const { page, next_cursor } = pageOf(all, (one) => one.path, part, 'ascending');
      return { status: 200, body: { differences: page.map(differenceJson), counts, next_cursor } };
    },
  }),

  route({
    method: 'get',
    path: '/api/v1/snapshots/:id/download',
    verb: 'restore',
    say: 'A file of a snapshot, or a directory of it as a tar',
    params: Id,
    query: z.strictObject({ instance_id: InstanceId, path: Path.describe('All of it if missing.') }),
    answers: { 200: null },
    also: { 'application/octet-stream': { schema: {} }, 'application/x-tar': { schema: {} } },
    async answer({ engine, params, query: { instance_id, path = '' }, record, closing }) {
      const wanted = path.replace(/\/+$/, '');
      const { stream, name, archive, sizeBytes, sha256 } = await engine.download(
        instance_id,
        params.id,
        wanted,
        closing,
      );
      await record('restore', instance_id, `/${wanted} of ${params.id.slice(0, 8)} was downloaded`);
      await begun(stream);
      return new Response(Readable.toWeb(stream) as ReadableStream, {
        headers: {
          'Content-Type': archive ? 'application/x-tar' : 'application/octet-stream',
          'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name)}`,
          'Cache-Control': 'no-store',
          ...(sizeBytes !== null && { 'Content-Length': String(sizeBytes) }),
          ...(sha256 !== null && { 'Repr-Digest': `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:` }),
        },
      });
    },
  }),
];

/** What fails before the first byte is still a problem in words. */
async function begun(stream: Readable): Promise<void> {
  if (stream.readableLength > 0 || stream.readableEnded) return;
  await new Promise<void>((resolve, reject) => {
    stream.once('readable', resolve);
    stream.once('end', resolve);
    stream.once('error', reject);
  });
}

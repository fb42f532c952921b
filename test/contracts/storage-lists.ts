import { DeleteObjectsCommand, ListObjectsCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Hand, handOf, type S3Place, statusOf } from './storage-client.ts';

export interface Dialect {
  /** It keeps objects as files under their own names, and so refuses names that no file can have. */
  readonly namesAreFiles: boolean;
}

/** What every S3 client expects of keys and of lists of them, asked through the unchanged SDK. */
export function listContract(open: () => Promise<S3Place>, dialect: Dialect = { namesAreFiles: false }): void {
  describe('keys and lists', () => {
    let s3: Hand;

    beforeAll(async () => {
      s3 = handOf(await open());
    });

    afterAll(() => s3[Symbol.asyncDispose]());

    test('lists know prefixes, groups, pages and where to start', async () => {
      const names = ['a', 'b/1', 'b/2', 'b/c/3', 'd', 'e/1'];
      for (const name of names) await s3.put(`tree/${name}`, name);
      const below = 'tree/';
      expect((await s3.list(below)).names).toEqual(names.map((name) => below + name));
      expect((await s3.list('tree/b')).names).toEqual(['tree/b/1', 'tree/b/2', 'tree/b/c/3']);
      const grouped = await s3.list(below, { Delimiter: '/' });
      expect([grouped.names, grouped.groups, grouped.KeyCount]).toEqual([
        ['tree/a', 'tree/d'],
        ['tree/b/', 'tree/e/'],
        4,
      ]);
      expect((await s3.list('tree/b/', { Delimiter: '/' })).groups).toEqual(['tree/b/c/']);
      expect((await s3.list(below, { StartAfter: `${s3.place.prefix}tree/b/2` })).names).toEqual(
        ['b/c/3', 'd', 'e/1'].map((name) => below + name),
      );
      expect((await s3.list('tree/nothing')).names).toEqual([]);
      expect((await s3.list(below, { MaxKeys: 0 })).names).toEqual([]);

      const seen: string[] = [];
      let token: string | undefined;
      do {
        const page = await s3.list(below, {
          Delimiter: '/',
          MaxKeys: 1,
          ...(token ? { ContinuationToken: token } : {}),
        });
        expect(page.names.length + page.groups.length).toBe(1);
        seen.push(...page.names, ...page.groups);
        token = page.NextContinuationToken;
        expect(page.IsTruncated).toBe(token !== undefined);
      } while (token);
      expect(seen).toEqual(['tree/a', 'tree/b/', 'tree/d', 'tree/e/']);
    });

    test('the older form of lists gives the same pages', async () => {
      for (const name of ['a', 'b/1', 'b/2', 'c']) await s3.put(`old/${name}`, 'x');
      const seen: string[] = [];
      let Marker: string | undefined;
      do {
        const page = await s3.client.send(
          new ListObjectsCommand({
            Bucket: s3.place.bucket,
            Prefix: `${s3.place.prefix}old/`,
            Delimiter: '/',
            MaxKeys: 1,
            ...(Marker ? { Marker } : {}),
          }),
        );
        seen.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ''));
        seen.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix ?? ''));
        Marker = page.IsTruncated ? page.NextMarker : undefined;
      } while (Marker);
      expect(seen).toEqual(['a', 'b/', 'c'].map((name) => `${s3.place.prefix}old/${name}`));
    });

    test('keys with every awkward character are kept, listed in byte order and read back', async () => {
      const names = [
        ...['a b', 'a+b', 'a%2Fb', 'a&b=c?d#e', "it's", '"quoted"', '<tag>', 'back\\slash', 'tilde~', '(*)', 'é', 'ｆ'],
        ...['日本', '😀', 'UPPER', 'upper', 'dot.', '.hidden', '-', '@:;,$!'],
      ];
      for (const name of names) await s3.put(`odd/${name}`, name);
      const expected = names
        .map((name) => `odd/${name}`)
        .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect((await s3.list('odd/')).names).toEqual(expected);
      for (const name of names) expect((await s3.get(`odd/${name}`)).bytes.toString()).toBe(name);
    });

    test.skipIf(dialect.namesAreFiles)('a key is a name and never a path', async () => {
      const long = 'k'.repeat(1024 - Buffer.byteLength(`${s3.place.prefix}trick/`));
      const names = ['../up', '../../etc/passwd', '..', '.', './x', 'a//b', '/lead', 'dir/', 'dir', 'dir/in', 'a\0b'];
      const all = [...names, 'line\nbreak', '\u0001', '%2e%2e%2f', 'CON', 'é/../é', long];
      for (const name of all) await s3.put(`trick/${name}`, name);
      const expected = all
        .map((name) => `trick/${name}`)
        .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect((await s3.list('trick/')).names).toEqual(expected);
      for (const name of all) expect((await s3.get(`trick/${name}`)).bytes.toString()).toBe(name);
      expect(await statusOf(s3.put(`trick/${long}x`, 'x'))).toBe(400);
    });

    test('many are deleted in one call, each for itself', async () => {
      const names = Array.from({ length: 30 }, (_, i) => `batch/${i} & <${i}>`);
      await Promise.all(names.map((name) => s3.put(name, 'x')));
      const Objects = [...names, 'batch/never-there'].map((name) => ({ Key: s3.place.prefix + name }));
      const loud = await s3.client.send(
        new DeleteObjectsCommand({ Bucket: s3.place.bucket, Delete: { Objects: Objects.slice(0, 10) } }),
      );
      expect(loud.Deleted?.map(({ Key }) => Key)).toEqual(Objects.slice(0, 10).map(({ Key }) => Key));
      const rest = { Objects: Objects.slice(10), Quiet: true };
      const quiet = await s3.client.send(new DeleteObjectsCommand({ Bucket: s3.place.bucket, Delete: rest }));
      expect(quiet.Errors).toBeUndefined();
      expect((await s3.list('batch/')).names).toEqual([]);
    });
  });
}

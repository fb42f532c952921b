import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Crc32c, Crc64NvmeJs } from '@aws-sdk/checksums/crc';
import { S3Error } from './s3-error.ts';

/** The checksums S3 knows besides Content-MD5, by the end of their header's name. */
export const CHECKSUMS = { crc32: 4, crc32c: 4, crc64nvme: 8, sha1: 20, sha256: 32 } as const;
export type ChecksumName = keyof typeof CHECKSUMS;

/** A checksum in base64. One over the checksums of parts ends in `-` and their number. */
export interface Checksum {
  readonly name: ChecksumName;
  readonly value: string;
}

export interface Running {
  readonly name: ChecksumName;
  update(piece: Buffer): void;
  /** Base64. */
  end(): Promise<string>;
}

export function runChecksum(name: ChecksumName): Running {
  switch (name) {
    case 'sha1':
    case 'sha256': {
      const hash = createHash(name);
      return { name, update: (piece) => void hash.update(piece), end: async () => hash.digest('base64') };
    }
    case 'crc32': {
      let value = 0;
      return {
        name,
        update: (piece) => {
          value = crc32(piece, value);
        },
        end: async () => base64Of(value),
      };
    }
    case 'crc32c':
      return runWith(name, new Crc32c());
    case 'crc64nvme':
      return runWith(name, new Crc64NvmeJs());
  }
}

/** The checksum of the parts' checksums, as S3 gives it to an object that came in parts. */
export async function compositeChecksum(name: ChecksumName, parts: readonly string[]): Promise<Checksum> {
  const running = runChecksum(name);
  for (const part of parts) running.update(Buffer.from(part, 'base64'));
  return { name, value: `${await running.end()}-${parts.length}` };
}

export function checksumNamed(text: string): ChecksumName {
  const name = text.toLowerCase();
  if (!(name in CHECKSUMS)) throw new S3Error('InvalidRequest', `The checksum algorithm ${text} is not known.`);
  return name as ChecksumName;
}

export function checkForm(name: ChecksumName, value: string): void {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(value) || Buffer.from(value, 'base64').length !== CHECKSUMS[name]) {
    throw new S3Error('InvalidRequest', `The value of x-amz-checksum-${name} is not valid.`);
  }
}

function runWith(name: ChecksumName, crc: { update(piece: Uint8Array): void; digest(): Promise<Uint8Array> }): Running {
  return {
    name,
    update: (piece) => crc.update(piece),
    end: async () => Buffer.from(await crc.digest()).toString('base64'),
  };
}

function base64Of(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes.toString('base64');
}

/**
 * A libcuda.so.1 as small as can be: those functions of the driver that a program needs that asks whether CUDA starts, takes
 * memory and gives back what was put there, with the answers that this machine is meant to give. An ELF file is written byte by byte because a computer that runs Dumont
 * need not have a compiler. Null for processors that rented machines do not have.
 */
export function libcuda(cpu: string, answers: CudaAnswers): Buffer | null {
  const processor = PROCESSORS[cpu];
  if (!processor) return null;
  const fine = (): Buffer => processor.returns(0);
  const functions: readonly (readonly [string, (at: number) => Buffer])[] = [
    ['cuInit', () => processor.returns(answers.initCode)],
    ['cuDeviceGetCount', () => processor.stores(answers.deviceCount)],
    ['cuDriverGetVersion', () => processor.stores(answers.version)],
    ['cuDeviceGet', () => processor.stores(0)],
    ['cuDevicePrimaryCtxRetain', () => processor.stores(1)],
    ['cuCtxSetCurrent', fine],
    ['cuMemAlloc_v2', (at) => processor.pointsTo(MEMORY_AT - at)],
    ['cuMemcpyHtoD_v2', () => processor.copies()],
    ['cuMemcpyDtoH_v2', () => (answers.forgets ? processor.returns(0) : processor.copies())],
    ['cuMemFree_v2', fine],
    ['cuDevicePrimaryCtxRelease_v2', fine],
  ];

  const file = Buffer.alloc(DATA_AT + DYNAMIC_BYTES);
  let end = HEADERS_BYTES;
  const place = (bytes: Buffer): number => {
    end = Math.ceil(end / 8) * 8;
    bytes.copy(file, end);
    end += bytes.length;
    return end - bytes.length;
  };
  const code = functions.map(([, bytes]) => place(bytes(Math.ceil(end / 8) * 8)));
  const names = ['', 'libcuda.so.1', ...functions.map(([name]) => name)];
  const nameAt = (name: string): number => Buffer.byteLength(names.slice(0, names.indexOf(name)).join('\0')) + 1;
  const strings = Buffer.from(`${names.join('\0')}\0`);
  const stringsAt = place(strings);
  const symbols = functions.map(([name, bytes], n) => symbol(nameAt(name), code[n]!, bytes(code[n]!).length));
  const symbolsAt = place(Buffer.concat([Buffer.alloc(SYMBOL_BYTES), ...symbols]));
  // One bucket, in which each symbol leads to the next.
  const chain = functions.map((_, n) => (n + 2) % (functions.length + 1));
  const hashAt = place(words(1, functions.length + 1, 1, 0, ...chain));

  const dynamic = longs(
    [DT.SONAME, nameAt('libcuda.so.1')],
    [DT.HASH, hashAt],
    [DT.STRTAB, stringsAt],
    [DT.SYMTAB, symbolsAt],
    [DT.STRSZ, strings.length],
    [DT.SYMENT, SYMBOL_BYTES],
    [DT.NULL, 0],
  );
  dynamic.copy(file, DATA_AT);
  elfHeader(processor.machine).copy(file, 0);
  Buffer.concat([
    segment(PT.LOAD, READ | EXECUTE, 0, end),
    segment(PT.LOAD, READ | WRITE, DATA_AT, DYNAMIC_BYTES, MEMORY_AT - DATA_AT + MEMORY_BYTES),
    segment(PT.DYNAMIC, READ | WRITE, DATA_AT, DYNAMIC_BYTES),
    segment(PT.GNU_STACK, READ | WRITE, 0, 0), // says that the stack need not be executable
  ]).copy(file, ELF_HEADER_BYTES);
  return file;
}

export interface CudaAnswers {
  /** 0 when CUDA starts; 999 is its "unknown error", 100 "no device". */
  readonly initCode: number;
  readonly deviceCount: number;
  /** 13000 is 13.0. */
  readonly version: number;
  /** What is put into its memory does not come back. */
  readonly forgets?: boolean;
}

interface Processor {
  readonly machine: number;
  /** A function that returns a number. */
  returns(value: number): Buffer;
  /** A function that writes a number where its first argument points, and returns 0. */
  stores(value: number): Buffer;
  /** A function that writes where its first argument points how to reach what lies so far from the function itself. */
  pointsTo(distance: number): Buffer;
  /** A function that copies: to where, from where, how many bytes. */
  copies(): Buffer;
}

const PROCESSORS: Readonly<Record<string, Processor>> = {
  x64: {
    machine: 62,
    returns: (value) => Buffer.concat([Buffer.from([0xb8]), words(value), Buffer.from([0xc3])]),
    stores: (value) => Buffer.concat([Buffer.from([0xc7, 0x07]), words(value), Buffer.from([0x31, 0xc0, 0xc3])]),
    pointsTo: (distance) =>
      Buffer.concat([
        Buffer.from([0x48, 0x8d, 0x05]),
        words(distance - 7),
        Buffer.from([0x48, 0x89, 0x07, 0x31, 0xc0, 0xc3]),
      ]),
    copies: () => Buffer.from([0x48, 0x89, 0xd1, 0xf3, 0xa4, 0x31, 0xc0, 0xc3]),
  },
  arm64: {
    machine: 183,
    returns: (value) => words(0x5280_0000 | (value << 5), 0xd65f_03c0),
    stores: (value) => words(0x5280_0001 | (value << 5), 0xb900_0001, 0x5280_0000, 0xd65f_03c0),
    pointsTo: (distance) =>
      words(0x1000_0001 | ((distance & 3) << 29) | ((distance >> 2) << 5), 0xf900_0001, 0x5280_0000, 0xd65f_03c0),
    copies: () => words(0xb400_00a2, 0x3840_1423, 0x3800_1403, 0xf100_0442, 0x54ff_ffa1, 0x5280_0000, 0xd65f_03c0),
  },
};

const ELF_HEADER_BYTES = 64;
const SEGMENT_BYTES = 56;
const HEADERS_BYTES = ELF_HEADER_BYTES + 4 * SEGMENT_BYTES;
const SYMBOL_BYTES = 24;
/** The loader writes here, so it is a page of its own; the largest page there is has 64 KiB. */
const DATA_AT = 0x1_0000;
const DYNAMIC_BYTES = 7 * 16;
/** What a program takes of the GPU's memory is here; all who take some get the same. */
const MEMORY_AT = DATA_AT + 4_096;
const MEMORY_BYTES = 1 << 20;
const [EXECUTE, WRITE, READ] = [1, 2, 4];
const PT = { LOAD: 1, DYNAMIC: 2, GNU_STACK: 0x6474_e551 } as const;
const DT = { NULL: 0, HASH: 4, STRTAB: 5, SYMTAB: 6, STRSZ: 10, SYMENT: 11, SONAME: 14 } as const;

function elfHeader(machine: number): Buffer {
  const header = Buffer.alloc(ELF_HEADER_BYTES);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(header);
  header.writeUInt16LE(3, 16); // a shared object
  header.writeUInt16LE(machine, 18);
  header.writeUInt32LE(1, 20);
  header.writeUInt32LE(ELF_HEADER_BYTES, 32);
  header.writeUInt16LE(ELF_HEADER_BYTES, 52);
  header.writeUInt16LE(SEGMENT_BYTES, 54);
  header.writeUInt16LE(4, 56);
  return header;
}

function segment(type: number, flags: number, at: number, size: number, inMemory = size): Buffer {
  return Buffer.concat([words(type, flags), longs([at, at], [at, size], [inMemory, DATA_AT])]);
}

function symbol(name: number, at: number, size: number): Buffer {
  const entry = Buffer.alloc(SYMBOL_BYTES);
  entry.writeUInt32LE(name, 0);
  entry.writeUInt8(0x12, 4); // a function that others may call
  entry.writeUInt16LE(1, 6);
  entry.writeBigUInt64LE(BigInt(at), 8);
  entry.writeBigUInt64LE(BigInt(size), 16);
  return entry;
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [n, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, n * 4);
  return bytes;
}

function longs(...pairs: readonly (readonly [number, number])[]): Buffer {
  const bytes = Buffer.alloc(pairs.length * 16);
  for (const [n, value] of pairs.flat().entries()) bytes.writeBigUInt64LE(BigInt(value), n * 8);
  return bytes;
}

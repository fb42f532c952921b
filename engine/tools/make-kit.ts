import { createReadStream } from 'node:fs';
import { mkdir, realpath } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { kitKey } from '../domain/layout.ts';
import type { Kit, Tool } from '../domain/ports.ts';
import { AGENT_ENTRY, bundleAgent } from './bundle-agent.ts';
import { type Packed, pack, packedBefore } from './kit-shelf.ts';

export interface KitParts {
  /** Where packed programs are kept from one start to the next. */
  readonly folder: string;
  readonly restic: string;
  /** The Node that runs this program, unless another is named. */
  readonly node?: string;
  readonly agentEntry?: string;
}

/**
 * Packs the three programs that machines fetch. They are those of this computer, so they fit machines of its
 * architecture. What has not changed since the last start is not read again.
 */
export async function makeKit(parts: KitParts, signal: AbortSignal): Promise<Kit> {
  const { folder, restic, node = process.execPath, agentEntry = AGENT_ENTRY } = parts;
  await mkdir(folder, { recursive: true });
  const packing = [
    asTool('node', packProgram(folder, 'node', node, signal)),
    asTool('agent', packAgent(folder, agentEntry, signal)),
    asTool('restic', packProgram(folder, 'restic', restic, signal)),
  ];
  await Promise.allSettled(packing); // when one fails, none of the others is left running
  return { tools: await Promise.all(packing) };
}

async function asTool(name: Tool['name'], packing: Promise<Packed>): Promise<Tool> {
  const packed = await packing;
  return { name, ...packed, key: kitKey(packed.sha256) };
}

async function packProgram(
  folder: string,
  name: 'node' | 'restic',
  path: string,
  signal: AbortSignal,
): Promise<Packed> {
  const source = await realpath(path);
  const shelf = `${name}-${process.arch}`;
  const before = await packedBefore(folder, shelf, source);
  if (before) return before;
  return await pack(folder, shelf, source, [source], createReadStream(source, { highWaterMark: PIECE_BYTES }), signal);
}

async function packAgent(folder: string, entry: string, signal: AbortSignal): Promise<Packed> {
  const before = await packedBefore(folder, 'agent', entry);
  if (before) return before;
  const { bytes, inputs } = await bundleAgent(entry);
  return await pack(folder, 'agent', entry, inputs, Readable.from([bytes]), signal);
}

const PIECE_BYTES = 256 * 1024;

import { afterAll } from 'vitest';
import { objectContract } from '../contracts/storage.ts';
import { accessContract } from '../contracts/storage-access.ts';
import { listContract } from '../contracts/storage-lists.ts';
import { multipartContract } from '../contracts/storage-multipart.ts';
import { type StorageWorld, storageWorld } from './storage-world.ts';

const worlds: StorageWorld[] = [];

async function open() {
  const world = await storageWorld();
  worlds.push(world);
  return { ...world.place(), prefix: 'contract/' };
}

afterAll(async () => {
  for (const world of worlds) await world[Symbol.asyncDispose]();
});

objectContract(open);
listContract(open);
accessContract(open);
multipartContract(open);

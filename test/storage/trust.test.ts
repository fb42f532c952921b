import { test } from 'vitest';
import { expectOnlyItsOwn, issuedTo, type TrustPlace, trustTable } from '../contracts/storage-trust.ts';
import { storageWorld } from './storage-world.ts';

test('the credential that a machine is given reaches its own repository, and nothing else of any kind', async () => {
  await using world = await storageWorld();
  await world.storage.setLocks('vault', [
    { id: 'vault', enabled: true, prefix: '', condition: { type: 'Age', maxAgeSeconds: 86_400 } },
  ]);
  const place: TrustPlace = { ...world.place(), vault: 'vault', account: 'local' };
  expectOnlyItsOwn(await trustTable(place, await issuedTo(place), 'as the machine of lab'));
});

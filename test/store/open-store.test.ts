import { openStore } from '../../engine/store/open-store.ts';
import { storeContract } from '../contracts/store.ts';
import { temporaryFolder } from './temporary-folder.ts';

for (const [name, foldBytes] of [
  ['lowdb with a log', undefined],
  ['lowdb that folds its log all the time', 1],
] as const)
  storeContract(name, async () => {
    const folder = await temporaryFolder();
    const options = foldBytes === undefined ? {} : { foldBytes };
    let store = await openStore(folder.path, options);
    return {
      store,
      async reopened() {
        await store[Symbol.asyncDispose]();
        store = await openStore(folder.path, options);
        return store;
      },
      async [Symbol.asyncDispose]() {
        await store[Symbol.asyncDispose]();
        await folder[Symbol.asyncDispose]();
      },
    };
  });

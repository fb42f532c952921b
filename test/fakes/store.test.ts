import { journalsContract } from '../contracts/journals.ts';
import { storeContract } from '../contracts/store.ts';
import { FakeJournals, FakeStore } from './store.ts';

storeContract('the fake', async () => {
  const store = new FakeStore({ strict: true });
  return { store, reopened: async () => store, async [Symbol.asyncDispose]() {} };
});

journalsContract('the fakes', async () => {
  const journals = new FakeJournals({ strict: true });
  return { journals, reopened: async () => journals, async [Symbol.asyncDispose]() {} };
});

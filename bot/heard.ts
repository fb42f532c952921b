import type { Store } from '../engine/domain/ports.ts';

const ID = 'discord';

/** The number of what was told last, kept so that the next start goes on behind it. */
export async function keepHeard(store: Store) {
  let row = (await store.read('discord-heard', ID)) ?? { id: ID, version: 0, number: 0 };
  let writing = Promise.resolve();

  return {
    number: row.number,
    reached(number: number): Promise<void> {
      const before = writing.catch(() => undefined);
      writing = before.then(async () => {
        if (number !== row.number) row = await store.save('discord-heard', { ...row, number });
      });
      return writing;
    },
  };
}

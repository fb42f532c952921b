export interface GroupCommit<T, R> {
  add(item: T): Promise<R>;
  /** Returns when everything that was added has been settled. */
  drain(): Promise<void>;
}

/** Many callers, one write at a time: whatever comes while one is under way goes into the next together. */
export function groupCommit<T, R>(
  write: (batch: readonly T[]) => Promise<readonly PromiseSettledResult<R>[]>,
): GroupCommit<T, R> {
  const waiting: { item: T; resolve: (result: R) => void; reject: (cause: unknown) => void }[] = [];
  let writing: Promise<void> | null = null;

  async function run(): Promise<void> {
    await null; // callers of the same moment share the first write too
    while (waiting.length > 0) {
      const batch = waiting.splice(0, BATCH_MAX);
      try {
        const results = await write(batch.map(({ item }) => item));
        for (const [index, { resolve, reject }] of batch.entries()) {
          const result = results[index];
          if (result?.status === 'fulfilled') resolve(result.value);
          else reject(result?.reason);
        }
      } catch (cause) {
        for (const { reject } of batch) reject(cause);
      }
    }
    writing = null;
  }

  return {
    async add(item) {
      return await new Promise<R>((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        writing ??= run();
      });
    },
    async drain() {
      await writing;
    },
  };
}

/** Bounds the memory of one write. */
const BATCH_MAX = 1_000;

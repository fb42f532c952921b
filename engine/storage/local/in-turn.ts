/** Runs what belongs to one name one after the other, and what belongs to different names side by side. */
export type InTurn = <T>(name: string, work: () => Promise<T>) => Promise<T>;

export function inTurn(): InTurn {
  const last = new Map<string, Promise<unknown>>();
  return (name, work) => {
    const before = last.get(name) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.then(
      () => {},
      () => {},
    );
    last.set(name, settled);
    settled.then(() => {
      if (last.get(name) === settled) last.delete(name);
    });
    return mine;
  };
}

/** The rows of a file before they are known to be ours: by kind, then by id. */
export type RawRows = Map<string, Map<string, Record<string, unknown>>>;

/** Brings rows of one schema to the next, in place. */
export type Migration = (rows: RawRows) => void;

/** In order: the first takes schema 0 to 1. A released one is never changed; what comes next is added behind it. */
export const MIGRATIONS: readonly Migration[] = [
  function narrowWishesAndHoldMachines(rows) {
    for (const workspace of rows.get('workspaces')?.values() ?? [])
      workspace.wish = { need: {}, capDollars: null, abandon: null, ...(workspace.wish as object) };
    for (const [id, machine] of rows.get('machines') ?? [])
      rows.get('machines')?.set(id, { stirredAt: null, held: null, ...machine });
  },
  function leaveRoomForIntents(rows) {
    for (const [id, operation] of rows.get('operations') ?? [])
      rows.get('operations')?.set(id, { intent: null, ...operation });
  },
];

import type { Audit } from '../domain/doors.ts';
import type { Journals } from '../domain/journals.ts';
import type { Clock } from '../domain/ports.ts';

/** The audit as people ask about it. */
export function createAudit(journals: Journals, clock: Clock): Audit {
  return {
    record: async (deed) => await journals.append('audit', { at: clock.now(), ...deed }),
    async read({ by, verb, on, since = 0 }) {
      const all = await journals.read('audit', since);
      const fits = (is: string, wanted: string | undefined): boolean => wanted === undefined || is === wanted;
      return all.filter((deed) => fits(deed.by, by) && fits(deed.verb, verb) && fits(deed.on, on)).reverse();
    },
    verify: async () => await journals.verify(),
  };
}

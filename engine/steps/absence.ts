import type { Machine } from '../domain/lifecycle.ts';
import type { Listed } from '../domain/marketplace.ts';

/** Finds a machine in a marketplace's list, by its id there or, while that is unknown, by our label. */
export function findIn(list: readonly Listed[], machine: Machine): Listed | undefined {
  if (machine.instance !== null) return list.find((listed) => listed.instance === machine.instance);
  return list.find((listed) => listed.label === machine.label);
}

/** Counts lists that do not have a machine. One short list proves nothing; two that are far enough apart do. */
export class Absence {
  readonly #gapMs: number;
  #since: number | null = null;

  constructor(gapMs: number) {
    this.#gapMs = gapMs;
  }

  /** The first list without it: it billed us until then at most. */
  get since(): number | null {
    return this.#since;
  }

  /** True once it was absent from two lists at least the gap apart, and from all between them. */
  sees(present: boolean, listDepartedAt: number): boolean {
    if (present) this.#since = null;
    else this.#since ??= listDepartedAt;
    return this.#since !== null && listDepartedAt - this.#since >= this.#gapMs;
  }
}

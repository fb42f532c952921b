/** A promise of the product that was broken. It ends the campaign. */
export class Violation extends Error {
  readonly law: Law;

  constructor(law: Law, why: string) {
    super(`${LAWS[law]}: ${why}`);
    this.law = law;
  }
}

/** What must hold after every fault. */
export const LAWS = {
  acknowledged: 'an acknowledged snapshot is lost',
  content: 'a snapshot does not hold what was written',
  woken: 'what was woken is not what was saved',
  newest: 'newest went backwards',
  claims: 'a claim was given twice',
  machines: 'a machine is left',
  durable: 'work is in no snapshot',
  answers: 'the engine does not answer',
  ends: 'something never comes to its end',
  repository: 'the repository is damaged',
  engine: 'the engine failed by itself',
} as const;
export type Law = keyof typeof LAWS;

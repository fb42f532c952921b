import * as z from 'zod';
import { type Bytes, bytesOf } from './bytes.ts';

/** Rules that keep objects from being deleted or replaced, in the words of R2's own interface for them. */
export const LockRule = z.object({
  id: z.string().min(1),
  enabled: z.boolean(),
  /** Empty: every object. */
  prefix: z.string().default(''),
  condition: z.discriminatedUnion('type', [
    z.object({ type: z.literal('Age'), maxAgeSeconds: z.number().int().positive() }),
    z.object({ type: z.literal('Date'), date: z.iso.datetime({ offset: true }).or(z.iso.date()) }),
    z.object({ type: z.literal('Indefinite') }),
  ]),
});
export type LockRule = z.infer<typeof LockRule>;

export const LockRules = z.array(LockRule).max(1000);

/** Does any rule keep this object as it is? The strictest one decides, and one is enough. */
export function isLocked(rules: readonly LockRule[], key: Bytes, createdAt: number, now: number): boolean {
  return rules.some((rule) => rule.enabled && key.startsWith(bytesOf(rule.prefix)) && holds(rule, createdAt, now));
}

function holds({ condition }: LockRule, createdAt: number, now: number): boolean {
  switch (condition.type) {
    case 'Age':
      return now < createdAt + condition.maxAgeSeconds * 1000;
    case 'Date':
      return now < Date.parse(condition.date);
    case 'Indefinite':
      return true;
  }
}

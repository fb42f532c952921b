import * as z from 'zod';
import { type Account, addToken, PERMISSION_GROUPS, type Token } from './account.ts';
import { type Answer, ok, page, Refusal } from './answer.ts';
import type { Asked } from './serve.ts';

/** Tokens that belong to the account. Their value is told once, when they are made or rolled. */
export function tokens(account: Account, [id, part]: readonly string[], asked: Asked): Answer {
  if (id === 'permission_groups' && asked.method === 'GET') {
    const { name, scope } = Object.fromEntries(asked.query);
    return ok(
      PERMISSION_GROUPS.filter(
        (one) => (!name || one.name === name) && (!scope || one.scopes.some((it) => it === scope)),
      ),
    );
  }
  if (id === 'verify' && asked.method === 'GET') return ok({ id: asked.by.id, status: asked.by.status });
  if (id === undefined) {
    if (asked.method === 'GET') return page([...account.tokens.values()].map(shown), asked.query);
    const { name, policies } = Wanted.parse(asked.body);
    const token = addToken(account, name, policies.map(named));
    return ok({ ...shown(token), value: token.value });
  }
  const token = account.tokens.get(id);
  if (!token) throw new Refusal(404, 1003, 'Invalid or missing resource');
  switch (`${asked.method} ${part ?? ''}`) {
    case 'GET ':
      return ok(shown(token));
    case 'PUT ': {
      const { name, policies, status } = Wanted.parse(asked.body);
      Object.assign(token, { name, policies: policies.map(named), status: status ?? token.status });
      return ok(shown(token));
    }
    case 'PUT value':
      token.value = `rolled-${crypto.randomUUID()}-${crypto.randomUUID()}`.slice(0, 40);
      return ok(token.value);
    case 'DELETE ':
      account.tokens.delete(id);
      return ok({ id });
    default:
      throw new Refusal(405, 10000, 'Method not allowed');
  }
}

const Wanted = z.object({
  name: z.string().min(1).max(120),
  status: z.string().optional(),
  policies: z
    .array(
      z.object({
        effect: z.enum(['allow', 'deny']),
        permission_groups: z.array(z.object({ id: z.string() })).min(1),
        resources: z.record(z.string(), z.unknown()),
      }),
    )
    .min(1),
});

/** As the API does: groups come back by their id, with their names, in its own order. */
function named(policy: z.infer<typeof Wanted>['policies'][number]) {
  const groups = policy.permission_groups.map(({ id }) => {
    const known = PERMISSION_GROUPS.find((one) => one.id === id);
    if (!known) throw new Refusal(400, 1001, `Permission group ${id} does not exist`);
    return { id, name: known.name };
  });
  return { ...policy, permission_groups: groups.toSorted((a, b) => (a.id < b.id ? -1 : 1)) };
}

function shown({ value: _, ...token }: Token) {
  return { ...token, modified_on: token.issued_on };
}

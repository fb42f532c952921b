import { expect, test } from 'vitest';
import { type Belonging, type Role, roleOn, type Who } from '../../engine/domain/account.ts';

const LAB: Belonging = {
  id: 'lab',
  owner: 'ana',
  shares: [
    { with: 'vera', role: 'viewer', by: 'ana', at: 0 },
    { with: 'otto', role: 'operator', by: 'ana', at: 0 },
  ],
};
const who = (name: string, role: Role, workspaces: readonly string[] | null = null): Who => ({
  name,
  role,
  workspaces,
  by: 'password',
});

test.each<readonly [string, Who, Role | null]>([
  ['an admin may do all', who('boss', 'admin'), 'admin'],
  ['an owner may do all with their own', who('ana', 'operator'), 'admin'],
  ['an owner who may only look looks', who('ana', 'viewer'), 'viewer'],
  ['a stranger does not know of it', who('joao', 'operator'), null],
  ['whoever it was shared with to look looks', who('vera', 'operator'), 'viewer'],
  ['whoever it was shared with to work works', who('otto', 'operator'), 'operator'],
  ['whoever may only look does so wherever it is shared', who('otto', 'viewer'), 'viewer'],
  ['a token for another workspace does not know of it', who('ana', 'operator', ['train']), null],
  ['nor does an admin’s', who('boss', 'admin', ['train']), null],
  ['a token for it has what its account has', who('ana', 'operator', ['lab']), 'admin'],
])('%s', (_, one, may) => {
  expect(roleOn(one, LAB)).toBe(may);
});

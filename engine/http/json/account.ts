import * as z from 'zod';
import {
  ACCOUNT_NAME,
  type Account,
  PASSWORD_CHARACTERS_MIN,
  ROLES,
  type Token,
  type Who,
} from '../../domain/account.ts';
import type { Login } from '../../domain/doors.ts';
import { WORKSPACE_NAME } from '../../domain/workspace.ts';
import { iso, isoOrNull } from './wire.ts';

export const AccountName = z.string().regex(ACCOUNT_NAME, 'a name has 1 to 40 small letters, digits, dots and dashes');
export const Password = z.string().min(PASSWORD_CHARACTERS_MIN).max(1_000);
export const RoleJson = z.enum(ROLES);

export const UserJson = z.object({
  name: z.string(),
  role: RoleJson,
  created_at: z.iso.datetime(),
  created_by: z.string(),
  ended_at: z.iso.datetime().nullable().describe('Nobody comes in by it any more.'),
  discord_user_id: z.string().nullable(),
});
export type UserJson = z.infer<typeof UserJson>;
export const UsersJson = z.object({ users: z.array(UserJson) });
export type UsersJson = z.infer<typeof UsersJson>;

/** Its password is in here this one time. */
export const NewUserJson = UserJson.extend({ password: z.string() });
export type NewUserJson = z.infer<typeof NewUserJson>;

export const MeJson = z.object({
  name: z.string(),
  role: RoleJson,
  instance_ids: z.array(z.string()).nullable().describe('A token may be for these only.'),
  by: z.enum(['file', 'password', 'token', 'discord']).describe('How you showed who you are.'),
});
export type MeJson = z.infer<typeof MeJson>;

export const LoginJson = z.object({
  access_token: z.string().describe('A JWT, good for 15 minutes.'),
  token_type: z.literal('Bearer'),
  expires_at: z.iso.datetime(),
  refresh_token: z.string().describe('Good once, for the next pair. Used twice, it ends the login.'),
  user: MeJson,
});
export type LoginJson = z.infer<typeof LoginJson>;

export const TokenJson = z.object({
  id: z.string(),
  name: z.string(),
  role: RoleJson,
  instance_ids: z.array(z.string()).nullable(),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime().nullable(),
  used_at: z.iso.datetime().nullable(),
});
export type TokenJson = z.infer<typeof TokenJson>;
export const TokensJson = z.object({ tokens: z.array(TokenJson) });
export type TokensJson = z.infer<typeof TokensJson>;

/** Its word is in here this one time. */
export const NewTokenJson = TokenJson.extend({ token: z.string() });
export type NewTokenJson = z.infer<typeof NewTokenJson>;

const YEARS_MAX_SECONDS = 5 * 366 * 24 * 3_600;
export const Holder = AccountName.optional().describe('Whose; only the owner of the engine names an account.');
export const CreateTokenJson = z.strictObject({
  user: Holder,
  name: z.string().trim().min(1).max(100),
  role: RoleJson.nullable().default(null).describe('Null: what you may yourself.'),
  instance_ids: z.array(z.string().regex(WORKSPACE_NAME)).max(100).nullable().default(null),
  for_seconds: z
    .number()
    .int()
    .positive()
    .max(YEARS_MAX_SECONDS)
    .nullable()
    .default(null)
    .describe('Null: until it is ended.'),
});

export function userJson(account: Account): UserJson {
  return {
    name: account.id,
    role: account.role,
    created_at: iso(account.createdAt),
    created_by: account.createdBy,
    ended_at: isoOrNull(account.endedAt),
    discord_user_id: account.discord,
  };
}

export function meJson({ name, role, workspaces, by }: Who): MeJson {
  return { name, role, instance_ids: workspaces && [...workspaces], by };
}

export function loginJson({ access, expiresAt, refresh, who }: Login): LoginJson {
  return {
    access_token: access,
    token_type: 'Bearer',
    expires_at: iso(expiresAt),
    refresh_token: refresh,
    user: meJson(who),
  };
}

export function tokenJson(token: Token): TokenJson {
  return {
    id: token.id,
    name: token.name,
    role: token.role,
    instance_ids: token.workspaces && [...token.workspaces],
    created_at: iso(token.createdAt),
    expires_at: isoOrNull(token.expiresAt),
    used_at: isoOrNull(token.usedAt),
  };
}

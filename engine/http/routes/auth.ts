import * as z from 'zod';
import type { Who } from '../../domain/account.ts';
import type { Accounts } from '../../domain/doors.ts';
import { Failure, isFailure } from '../../domain/failures.ts';
import {
  CreateTokenJson,
  Holder,
  LoginJson,
  loginJson,
  MeJson,
  meJson,
  NewTokenJson,
  Password,
  TokensJson,
  tokenJson,
} from '../json/account.ts';
import { iso } from '../json/wire.ts';
import { mustBePerson, mustHaveAccount } from '../must-be-person.ts';
import { route } from '../route.ts';

const RefreshJson = z.strictObject({ refresh_token: z.string().min(1).max(300) });

/** How people come in, and what is their own. */
export const authRoutes = [
  route({
    method: 'post',
    path: '/api/v1/auth/login',
    verb: null,
    say: 'Come in by name and password',
    role: 'anyone',
    body: z.strictObject({ name: z.string().min(1).max(100), password: z.string().min(1).max(1_000) }),
    answers: { 200: LoginJson },
    async answer({ accounts, audit, body: { name, password }, from }) {
      const record = (result: string): Promise<void> =>
        audit.record({ by: name, verb: 'login', on: name, result, why: '', from });
      const login = await accounts.login(name, password, from).catch(async (thrown: unknown) => {
        if (isFailure(thrown, 'wrong_login')) await record('refused');
        throw thrown;
      });
      await record('came in');
      return { status: 200, body: loginJson(login) };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/auth/refresh',
    verb: null,
    say: 'The next pair of tokens of a login',
    role: 'anyone',
    body: RefreshJson,
    answers: { 200: LoginJson },
    async answer({ accounts, audit, body, from }) {
      const login = await accounts.refresh(body.refresh_token).catch(async (thrown: unknown) => {
        if (isFailure(thrown, 'used_twice')) {
          const account = String(thrown.facts.account);
          await audit.record({ by: account, verb: 'login', on: account, result: 'ended', why: thrown.message, from });
        }
        throw thrown;
      });
      return { status: 200, body: loginJson(login) };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/auth/logout',
    verb: null,
    say: 'End a login',
    role: 'anyone',
    body: RefreshJson,
    answers: { 204: null },
    async answer({ accounts, body }) {
      await accounts.logout(body.refresh_token);
      return new Response(null, { status: 204 });
    },
  }),

  route({
    method: 'get',
    path: '/api/v1/me',
    verb: null,
    say: 'Who you are, and what you may',
    role: 'viewer',
    answers: { 200: MeJson },
    async answer({ who }) {
      return { status: 200, body: meJson(who) };
    },
  }),

  route({
    method: 'put',
    path: '/api/v1/me/password',
    verb: null,
    say: 'Another password; ends every login and token',
    role: 'viewer',
    body: z.strictObject({ password: z.string().min(1).max(1_000), new_password: Password }),
    answers: { 204: null },
    async answer({ accounts, who, body, record }) {
      mustHaveAccount(who);
      if (!(await accounts.isPassword(who.name, body.password))) {
        await record('password', who.name, 'refused');
        throw new Failure('wrong_login');
      }
      await accounts.change(who.name, { password: body.new_password });
      await record('password', who.name, 'changed');
      return new Response(null, { status: 204 });
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/me/discord-code',
    verb: null,
    say: 'A code that makes your Discord user and this account one',
    role: 'viewer',
    answers: { 201: z.object({ code: z.string(), expires_at: z.iso.datetime() }) },
    /** Shown to the bot within ten minutes, it makes the Discord user and this account one. */
    async answer({ accounts, who, record }) {
      mustHaveAccount(who);
      const { code, expiresAt } = await accounts.linkCode(who.name);
      await record('discord', who.name, 'made a code');
      return { status: 201, body: { code, expires_at: iso(expiresAt) } };
    },
  }),

  route({
    method: 'delete',
    path: '/api/v1/me/discord',
    verb: null,
    say: 'Part with your Discord user',
    role: 'viewer',
    answers: { 204: null },
    async answer({ accounts, who, record }) {
      mustHaveAccount(who);
      await accounts.unlink(who.name);
      await record('discord', who.name, 'parted');
      return new Response(null, { status: 204 });
    },
  }),

  route({
    method: 'get',
    path: '/api/v1/tokens',
    verb: 'tokens',
    query: z.strictObject({ user: Holder }),
    answers: { 200: TokensJson },
    async answer({ accounts, who, query }) {
      const { name } = await holder(accounts, who, query.user);
      return { status: 200, body: { tokens: (await accounts.tokens(name)).map(tokenJson) } };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/tokens',
    verb: 'tokens',
    body: CreateTokenJson,
    answers: { 201: NewTokenJson },
    async answer({ accounts, who, body, record }) {
      mustBePerson(who);
      const { user, name, role, instance_ids: workspaces, for_seconds: seconds } = body;
      const forMs = seconds === null ? null : seconds * 1_000;
      const whose = await holder(accounts, who, user);
      const { token, word } = await accounts.createToken(whose, {
        name,
        role,
        workspaces,
        forMs,
      });
      await record('tokens', whose.name, `made ${token.id}`, name);
      return { status: 201, body: { ...tokenJson(token), token: word } };
    },
  }),

  route({
    method: 'delete',
    path: '/api/v1/tokens/:id',
    verb: 'tokens',
    params: z.object({ id: z.string().min(1).max(100) }),
    query: z.strictObject({ user: Holder }),
    answers: { 204: null },
    async answer({ accounts, who, params, query, record }) {
      const { name } = await holder(accounts, who, query.user);
      await accounts.endToken(name, params.id);
      await record('tokens', name, `ended ${params.id}`);
      return new Response(null, { status: 204 });
    },
  }),
];

/** Whose tokens are meant: one's own. Whoever reads the engine's own file has none, and names an account. */
async function holder(accounts: Accounts, who: Who, user: string | undefined): Promise<Who> {
  if (who.by !== 'file') {
    if (user === undefined || user === who.name) return who;
    throw new Failure('bad_request', { why: 'Only the owner of the engine, on its computer, names an account.' });
  }
  if (user === undefined)
    throw new Failure('bad_request', {
      why: 'The owner of the engine has no account, and so no tokens: name an account with --user (in the API: user).',
    });
  const account = (await accounts.list()).find(({ id, endedAt }) => id === user && endedAt === null);
  if (!account) throw new Failure('no_such_account', { account: user });
  return { name: account.id, role: account.role, workspaces: null, by: 'file' };
}

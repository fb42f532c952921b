import * as z from 'zod';
import { AccountName, NewUserJson, Password, RoleJson, UserJson, UsersJson, userJson } from '../json/account.ts';
import { InstanceId, WorkspaceJson, workspaceJson } from '../json/instance.ts';
import { mustBePerson } from '../must-be-person.ts';
import { route } from '../route.ts';

const Name = z.object({ name: AccountName });
const Share = z.object({ id: InstanceId, name: AccountName });

/** Who may come in, and whom owners let in. */
export const accountRoutes = [
  route({
    method: 'get',
    path: '/api/v1/users',
    verb: 'users',
    answers: { 200: UsersJson },
    async answer({ accounts }) {
      return { status: 200, body: { users: (await accounts.list()).map(userJson) } };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/users',
    verb: 'users',
    body: z.strictObject({ name: AccountName, role: RoleJson, password: Password.optional() }),
    answers: { 201: NewUserJson },
    async answer({ accounts, body, who, record }) {
      mustBePerson(who);
      const { account, password } = await accounts.create(body.name, body.role, who.name, body.password);
      await record('users', body.name, `created as ${body.role}`);
      return { status: 201, body: { ...userJson(account), password } };
    },
  }),

  route({
    method: 'patch',
    path: '/api/v1/users/:name',
    verb: 'users',
    params: Name,
    body: z.strictObject({
      role: RoleJson.optional(),
      ended: z.boolean().optional().describe('True ends every login and token of it at once.'),
      password: Password.optional(),
    }),
    answers: { 200: UserJson },
    async answer({ accounts, params, body, who, record }) {
      mustBePerson(who);
      const { role, ended, password } = body;
      const changed = await accounts.change(params.name, {
        ...(role !== undefined && { role }),
        ...(ended !== undefined && { ended }),
        ...(password !== undefined && { password }),
      });
      await record('users', params.name, Object.keys(body).join(', ') || 'nothing');
      return { status: 200, body: userJson(changed) };
    },
  }),

  route({
    method: 'put',
    path: '/api/v1/instances/:id/shares/:name',
    verb: 'share',
    params: Share,
    body: z.strictObject({ role: z.enum(['viewer', 'operator']) }),
    answers: { 200: WorkspaceJson },
    async answer({ engine, params, body, asked }) {
      const how = { with: params.name, role: body.role };
      return { status: 200, body: workspaceJson(await engine.share(params.id, how, asked)) };
    },
  }),

  route({
    method: 'delete',
    path: '/api/v1/instances/:id/shares/:name',
    verb: 'share',
    params: Share,
    answers: { 200: WorkspaceJson },
    async answer({ engine, params, asked }) {
      const how = { with: params.name, role: null };
      return { status: 200, body: workspaceJson(await engine.share(params.id, how, asked)) };
    },
  }),
];

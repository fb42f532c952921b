import type { APIMessage } from 'discord-api-types/v10';
import { channelJson, type Draft, filled, newMessage, stored } from './answers.ts';
import type { Answered, Call } from './call.ts';
import { callback, editAnswer, findAnswer, followUp, removeAnswer } from './callbacks.ts';
import { botUser } from './gateway.ts';
import { Refusal, refuse } from './refusal.ts';
import { commandFaults, messageFaults } from './rules.ts';
import {
  type Bucket,
  type Channel,
  MAY,
  type Registered,
  type Settings,
  type State,
  type Stored,
  snowflake,
} from './state.ts';

interface Row {
  readonly method: string;
  readonly template: string;
  readonly auth?: boolean;
  readonly bucket?: (settings: Settings) => Bucket;
  readonly checked?: (body: unknown) => unknown;
  serve(call: Call): Answered | Promise<Answered>;
}
export interface Route extends Required<Omit<Row, 'bucket'>> {
  readonly bucket: (settings: Settings) => Bucket | null;
  readonly params: readonly string[];
  readonly major: string;
}

const MESSAGES = '/channels/{channel_id}/messages';
const MESSAGE = `${MESSAGES}/{message_id}`;
const HOOK = '/webhooks/{webhook_id}/{webhook_token}';

const ROUTES: readonly Row[] = [
  {
    method: 'GET',
    template: '/gateway/bot',
    serve: ({ state, gatewayUrl }) => ({
      status: 200,
      json: {
        url: gatewayUrl(),
        shards: state.settings.shards,
        session_start_limit: { total: 1_000, remaining: 1_000, reset_after: 86_400_000, max_concurrency: 16 },
      },
    }),
  },
  {
    method: 'GET',
    template: '/users/@me',
    serve: ({ state }) => ({
      status: 200,
      json: { ...botUser(state), mfa_enabled: true, locale: 'en-US', email: null, verified: true },
    }),
  },
  { method: 'GET', template: '/applications/@me', serve: ({ state }) => ({ status: 200, json: application(state) }) },
  {
    method: 'GET',
    template: '/users/@me/guilds',
    serve: ({ state }) => ({
      status: 200,
      json: [...state.guilds.values()]
        .filter(({ here }) => here)
        .map(({ id, name }) => ({ id, name, icon: null, banner: null, owner: false, permissions: '0', features: [] })),
    }),
  },
  {
    method: 'GET',
    template: '/guilds/{guild_id}/channels',
    serve: ({ state, params: [guild = ''] }) => {
      if (!state.guilds.get(guild)?.here) throw new Refusal(403, 50_001, 'Missing Access');
      const mine = [...state.channels.values()].filter((one) => one.guild === guild && one.thread === null);
      return { status: 200, json: mine.map(channelJson) };
    },
  },
  {
    method: 'GET',
    template: '/applications/{application_id}/commands',
    serve: ({ state }) => ({ status: 200, json: state.commands as Registered[] }),
  },
  { method: 'PUT', template: '/applications/{application_id}/commands', serve: register },
  {
    method: 'POST',
    template: '/interactions/{interaction_id}/{interaction_token}/callback',
    auth: false,
    serve: callback,
  },
  { method: 'POST', template: HOOK, auth: false, bucket: ({ webhooks }) => webhooks, serve: followUp },
  ...['@original', '{message_id}'].flatMap((which): readonly Row[] => {
    const template = `${HOOK}/messages/${which}`;
    const bucket = ({ webhooks }: Settings): Bucket => webhooks;
    return [
      { method: 'GET', template, auth: false, bucket, serve: findAnswer },
      { method: 'PATCH', template, auth: false, bucket, serve: editAnswer },
      { method: 'DELETE', template, auth: false, bucket, serve: removeAnswer },
    ];
  }),
  {
    method: 'GET',
    template: '/channels/{channel_id}',
    serve: ({ state, params: [id = ''] }) => ({ status: 200, json: channelJson(channelOf(state, id)) }),
  },
  { method: 'POST', template: MESSAGES, bucket: ({ sends }) => sends, serve: send },
  {
    method: 'GET',
    template: MESSAGE,
    serve: ({ state, params }) => ({ status: 200, json: messageOf(state, params).message }),
  },
  { method: 'PATCH', template: MESSAGE, bucket: ({ edits }) => edits, serve: edit },
  { method: 'DELETE', template: MESSAGE, bucket: ({ sends }) => sends, serve: remove },
  { method: 'POST', template: `${MESSAGE}/threads`, serve: thread },
];

export function matchRoute(method: string, path: string): Route | null {
  for (const row of ROUTES) {
    if (row.method !== method) continue;
    const pattern = new RegExp(`^${row.template.replace(/\{\w+\}/g, '([^/]+)')}$`);
    const match = pattern.exec(path);
    if (!match) continue;
    const params = match.slice(1);
    return {
      auth: true,
      bucket: () => null,
      checked: (body) => body,
      ...row,
      params,
      major: params.slice(0, row.template.startsWith(HOOK) ? 2 : 1).join(),
    };
  }
  return null;
}

function register({ state, body }: Call): Answered {
  const wanted = body as readonly Registered[];
  refuse(commandFaults(wanted));
  const before = new Map(state.commands.map((one) => [one.name, one]));
  state.created += wanted.filter(({ name }) => !before.has(name)).length;
  state.commands = wanted.map((one) => ({
    type: 1,
    default_member_permissions: null,
    nsfw: false,
    ...one,
    ...sameText(one),
    id: before.get(one.name)?.id ?? snowflake(),
    version: snowflake(),
    application_id: state.application,
  }));
  return { status: 200, json: state.commands as Registered[] };
}

/** Discord answers null where nothing was localized. */
const sameText = (one: Registered): object => ({
  name_localizations: one.name_localizations ?? null,
  description_localizations: one.description_localizations ?? null,
});

export function channelOf(state: State, id: string): Channel {
  const channel = state.channels.get(id);
  if (!channel) throw new Refusal(404, 10_003, 'Unknown Channel');
  if (!state.guilds.get(channel.guild)?.here || channel.denied === 'view')
    throw new Refusal(403, 50_001, 'Missing Access');
  return channel;
}

function writable(state: State, id: string): Channel {
  const channel = channelOf(state, id);
  const mayWrite = channel.thread === null || (state.appPermissions & MAY.writeInThreads) !== 0n;
  if (channel.denied === 'send' || !mayWrite) throw new Refusal(403, 50_013, 'Missing Permissions');
  if (channel.thread?.archived) throw new Refusal(400, 50_083, 'Thread is archived');
  return channel;
}

function messageOf(state: State, [channel = '', id = '']: readonly string[]): Stored {
  channelOf(state, channel);
  const found = state.messages.get(channel)?.get(id);
  if (!found) throw new Refusal(404, 10_008, 'Unknown Message');
  return found;
}

function send({ state, params: [channel = ''], body, files }: Call): Answered {
  writable(state, channel);
  const draft = body as Draft;
  refuse(messageFaults(draft as object, true, files.length > 0));
  const all = state.messages.get(channel) ?? new Map<string, Stored>();
  state.messages.set(channel, all);
  const nonce = draft.nonce == null ? null : String(draft.nonce);
  const since = Date.now() - state.settings.nonceMs;
  const twin = [...all.values()].find((one) => nonce !== null && one.nonce === nonce && one.sentAt >= since);
  if (twin && draft.enforce_nonce) return { status: 200, json: twin.message };
  const message = newMessage(state, channel, draft, files);
  all.set(message.id, stored(state, message, draft, files, nonce));
  return { status: 200, json: message };
}

function edit({ state, params, body, files }: Call): Answered {
  const [channel = '', id = ''] = params;
  const before = messageOf(state, params);
  writable(state, channel);
  if (Date.now() - before.sentAt > state.settings.editableMs)
    throw new Refusal(400, 30_046, 'Maximum number of edits to messages older than 1 hour reached');
  const draft = body as Draft;
  refuse(messageFaults(draft as object, false, files.length > 0));
  const message: APIMessage = { ...filled(before.message, draft, files), edited_timestamp: new Date().toISOString() };
  const after: Stored = {
    ...before,
    message,
    files: files.length > 0 ? files : before.files,
    edits: before.edits + 1,
    editedAt: [...before.editedAt, Date.now()],
  };
  state.messages.get(channel)?.set(id, after);
  return { status: 200, json: message };
}

function remove({ state, params }: Call): Answered {
  const [channel = '', id = ''] = params;
  messageOf(state, params);
  state.messages.get(channel)?.delete(id);
  return { status: 204, json: null };
}

function thread({ state, params, body }: Call): Answered {
  const [channel = '', id = ''] = params;
  messageOf(state, params);
  const { guild } = writable(state, channel);
  if (state.channels.has(id)) throw new Refusal(400, 160_004, 'A thread has already been created for this message');
  const made: Channel = {
    id,
    guild,
    name: (body as { name: string }).name,
    denied: 'nothing',
    thread: { archived: false },
  };
  state.channels.set(id, made);
  return { status: 201, json: channelJson(made) };
}

function application(state: State): object {
  return {
    id: state.application,
    name: 'Dumont',
    icon: null,
    description: '',
    type: null,
    verify_key: 'a'.repeat(64),
    flags: 0,
    flags_new: '0',
    eligible_oauth2_scopes: [],
    max_participants: null,
    tags: [],
    integration_types_config: { 0: {} },
    bot_public: true,
    bot_require_code_grant: false,
    redirect_uris: [],
    interactions_endpoint_url: null,
    role_connections_verification_url: null,
    owner: { ...botUser(state), bot: undefined },
    approximate_guild_count: state.guilds.size,
    approximate_user_install_count: 0,
    approximate_user_authorization_count: 0,
    explicit_content_filter: 0,
    team: null,
    event_webhooks_status: 1,
    event_webhooks_types: [],
  };
}

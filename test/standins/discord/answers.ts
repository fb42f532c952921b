import {
  type APIEmbed,
  type APIMessage,
  type APIMessageTopLevelComponent,
  type MessageFlags,
  MessageType,
} from 'discord-api-types/v10';
import { botUser } from './gateway.ts';
import type { Channel, Person, State, Stored } from './state.ts';
import { MAY, snowflake } from './state.ts';

/** What Discord answers, in its own shapes. */

export interface Draft {
  readonly content?: string | null;
  readonly embeds?: readonly APIEmbed[] | null;
  readonly components?: readonly APIMessageTopLevelComponent[] | null;
  readonly flags?: number | null;
  readonly allowed_mentions?: Mentions | null;
  readonly attachments?: readonly { readonly id: string | number; readonly description?: string }[] | null;
  readonly nonce?: string | number | null;
  readonly enforce_nonce?: boolean | null;
}
interface Mentions {
  readonly parse?: readonly string[];
  readonly roles?: readonly string[];
  readonly users?: readonly string[];
}
export interface File {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly type: string;
}

const EPHEMERAL = 1 << 6;
const LOADING = 1 << 7;

export function newMessage(state: State, channel: string, draft: Draft, files: readonly File[]): APIMessage {
  const at = new Date().toISOString();
  return filled(
    {
      id: snowflake(),
      channel_id: channel,
      type: MessageType.Default,
      content: '',
      embeds: [],
      components: [],
      attachments: [],
      mentions: [],
      mention_roles: [],
      mention_everyone: false,
      pinned: false,
      tts: false,
      timestamp: at,
      edited_timestamp: null,
      flags: 0 as MessageFlags,
      author: botUser(state) as APIMessage['author'],
    },
    draft,
    files,
  );
}

/** What is not named stays as it was. */
export function filled(before: APIMessage, draft: Draft, files: readonly File[]): APIMessage {
  const kept =
    draft.attachments == null
      ? before.attachments
      : before.attachments.filter(({ id }) => draft.attachments?.some((one) => String(one.id) === id));
  const added = files.map((file, i) => {
    const description = draft.attachments?.find(({ id }) => String(id) === String(i))?.description;
    return {
      id: snowflake(),
      filename: file.name,
      size: file.bytes.length,
      url: `attachment://${file.name}`,
      proxy_url: `attachment://${file.name}`,
      content_type: file.type,
      ...(description !== undefined && { description }),
    };
  });
  return {
    ...before,
    ...(draft.content !== undefined && { content: draft.content ?? '' }),
    ...(draft.embeds !== undefined && {
      embeds: (draft.embeds ?? []).map((embed) => ({ type: 'rich', ...embed })) as unknown as APIEmbed[],
    }),
    ...(draft.components !== undefined && { components: numbered(draft.components ?? []) }),
    ...(draft.flags != null && { flags: ((before.flags ?? 0) & (EPHEMERAL | LOADING)) | draft.flags }),
    attachments: [...kept, ...added],
    mention_roles: [...new Set([...(draft.content ?? before.content).matchAll(/<@&(\d+)>/g)].map(([, id = '']) => id))],
  };
}

/** Discord numbers components that came without a number. */
function numbered(components: readonly APIMessageTopLevelComponent[]): APIMessageTopLevelComponent[] {
  let id = 0;
  const one = (component: object): object => {
    id += 1;
    const inner = (component as { components?: readonly object[] }).components;
    return { id, ...component, ...(inner && { components: inner.map(one) }) };
  };
  return components.map(one) as APIMessageTopLevelComponent[];
}

/** Whom a message rings: what its text names, as far as it is allowed to, and the bot may. */
export function pingsOf(state: State, { content, allowed_mentions: allowed }: Draft): readonly string[] {
  const text = content ?? '';
  const mayAll = (state.appPermissions & MAY.mentionEveryone) !== 0n;
  const rings = (role = ''): boolean => mayAll || (state.roles.get(role)?.mentionable ?? false);
  const may = (kind: 'roles' | 'users' | 'everyone', id?: string): boolean =>
    allowed == null ||
    (allowed.parse?.includes(kind) ?? false) ||
    (id !== undefined && kind !== 'everyone' && (allowed[kind]?.includes(id) ?? false));
  return [
    ...[...text.matchAll(/<@&(\d+)>/g)].filter(([, id]) => may('roles', id) && rings(id)).map(([, id]) => `role ${id}`),
    ...[...text.matchAll(/<@!?(\d+)>/g)].filter(([, id]) => may('users', id)).map(([, id]) => `user ${id}`),
    ...(/@(everyone|here)\b/.test(text) && may('everyone') && mayAll ? ['everyone'] : []),
  ];
}

export function channelJson(channel: Channel): object {
  return {
    id: channel.id,
    type: channel.thread ? 11 : 0,
    guild_id: channel.guild,
    name: channel.name,
    flags: 0,
    position: 0,
    permission_overwrites: [],
    ...(channel.thread && {
      owner_id: snowflake(),
      parent_id: channel.id,
      thread_metadata: {
        archived: channel.thread.archived,
        archive_timestamp: new Date().toISOString(),
        auto_archive_duration: 1440,
        locked: false,
      },
      message_count: 0,
      member_count: 1,
      total_message_sent: 0,
      rate_limit_per_user: 0,
    }),
  };
}

export function memberJson(person: Person): object {
  return {
    user: {
      id: person.id,
      username: person.name,
      discriminator: '0',
      global_name: person.name,
      avatar: null,
      public_flags: 0,
    },
    roles: [],
    joined_at: '2026-01-01T00:00:00.000000+00:00',
    premium_since: null,
    deaf: false,
    mute: false,
    nick: null,
    avatar: null,
    pending: false,
    communication_disabled_until: null,
    flags: 0,
    permissions: person.permissions.toString(),
  };
}

export function stored(
  state: State,
  message: APIMessage,
  draft: Draft,
  files: readonly File[],
  nonce: string | null,
): Stored {
  return { message, nonce, sentAt: Date.now(), pinged: pingsOf(state, draft), files, edits: 0, editedAt: [] };
}

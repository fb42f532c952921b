import {
  type APIApplicationCommandInteractionDataOption,
  type APIInteraction,
  type APIRole,
  ApplicationCommandOptionType,
  InteractionType,
} from 'discord-api-types/v10';
import type { Language } from '../engine/domain/discord.ts';

/** What somebody did in Discord, in our words. Made from the raw payload, so that it may come by the gateway or by HTTP. */
export interface Deed {
  readonly id: string;
  /** Opens the answer for 15 minutes. */
  readonly token: string;
  readonly application: string;
  readonly at: number;
  readonly user: string;
  readonly userName: string;
  readonly guild: string;
  readonly channel: string;
  readonly language: Language;
  /** The roles it names that we cannot ring. */
  readonly mute: readonly string[];
  readonly what: What;
}

export type Values = Readonly<Record<string, string | number | boolean>>;

export type What =
  | { readonly kind: 'command'; readonly path: string; readonly options: Values }
  | {
      readonly kind: 'suggest';
      readonly path: string;
      readonly options: Values;
      readonly option: string;
      readonly typed: string;
    }
  | { readonly kind: 'press'; readonly customId: string; readonly message: string; readonly isPrivate: boolean }
  | { readonly kind: 'submit'; readonly customId: string; readonly fields: Readonly<Record<string, string>> };

const GUILD_CONTEXT = 0;
const GUILD_INSTALL = '0';
const PRIVATE = 1 << 6;

/** Null: it did not come from a server that the bot was invited to, where our own rules hold. */
export function readInteraction(raw: APIInteraction): Deed | null {
  const { guild_id: guild, member, authorizing_integration_owners: owners, context } = raw;
  const channel = raw.channel?.id ?? raw.channel_id;
  if (guild === undefined || !member?.user || channel === undefined) return null;
  if (context !== undefined && context !== GUILD_CONTEXT) return null;
  if (owners && !(GUILD_INSTALL in owners)) return null;
  const what = whatOf(raw);
  if (!what) return null;
  const { id: user, global_name: shownName, username } = member.user;
  return {
    id: raw.id,
    token: raw.token,
    application: raw.application_id,
    at: timeOf(raw.id),
    user,
    userName: member.nick ?? shownName ?? username,
    guild,
    channel,
    language: languageOf('locale' in raw ? raw.locale : undefined),
    mute: muteRolesOf(raw),
    what,
  };
}

/** Whoever has neither reads English. */
export function languageOf(locale: string | undefined): Language {
  return locale?.toLowerCase().startsWith('pt') ? 'pt' : 'en';
}

const DISCORD_EPOCH = 1_420_070_400_000;
/** The time that is in every id of Discord's. */
export function timeOf(id: string): number {
  return Number(BigInt(id) >> 22n) + DISCORD_EPOCH;
}

const MENTION_ALL = 1n << 17n;
const ADMINISTRATOR = 1n << 3n;

/** A role that not everybody may mention rings only for whoever may mention everyone. */
function muteRolesOf(raw: APIInteraction): readonly string[] {
  if (raw.type !== InteractionType.ApplicationCommand || !('resolved' in raw.data)) return [];
  if ((BigInt(raw.app_permissions) & (MENTION_ALL | ADMINISTRATOR)) !== 0n) return [];
  const roles = Object.values((raw.data.resolved as { roles?: Record<string, APIRole> } | undefined)?.roles ?? {});
  return roles.filter(({ mentionable }) => !mentionable).map(({ id }) => id);
}

function whatOf(raw: APIInteraction): What | null {
  switch (raw.type) {
    case InteractionType.ApplicationCommand: {
      if (!('name' in raw.data) || raw.data.type !== 1) return null;
      const { path, options } = flatten(raw.data.name, raw.data.options ?? []);
      return { kind: 'command', path, options: valuesOf(options) };
    }
    case InteractionType.ApplicationCommandAutocomplete: {
      const { path, options } = flatten(
        raw.data.name,
        raw.data.options as APIApplicationCommandInteractionDataOption[],
      );
      const focused = options.find((option) => 'focused' in option && option.focused);
      if (!focused || !('value' in focused)) return null;
      const others = options.filter((option) => option !== focused);
      return { kind: 'suggest', path, options: valuesOf(others), option: focused.name, typed: String(focused.value) };
    }
    case InteractionType.MessageComponent: {
      const { message, data } = raw;
      return {
        kind: 'press',
        customId: data.custom_id,
        message: message.id,
        isPrivate: ((message.flags ?? 0) & PRIVATE) !== 0,
      };
    }
    case InteractionType.ModalSubmit:
      return { kind: 'submit', customId: raw.data.custom_id, fields: fieldsOf(raw.data.components as ModalPart[]) };
    default:
      return null;
  }
}

function flatten(
  name: string,
  given: readonly APIApplicationCommandInteractionDataOption[],
): { path: string; options: readonly APIApplicationCommandInteractionDataOption[] } {
  const path = [name];
  let options = given;
  for (let next = options[0]; next && isBranch(next); next = options[0]) {
    path.push(next.name);
    options = next.options ?? [];
  }
  return { path: path.join(' '), options };
}

type Branch = Extract<
  APIApplicationCommandInteractionDataOption,
  { type: ApplicationCommandOptionType.Subcommand | ApplicationCommandOptionType.SubcommandGroup }
>;
const isBranch = (option: APIApplicationCommandInteractionDataOption): option is Branch =>
  option.type === ApplicationCommandOptionType.Subcommand ||
  option.type === ApplicationCommandOptionType.SubcommandGroup;

const valuesOf = (options: readonly APIApplicationCommandInteractionDataOption[]): Values =>
  Object.fromEntries(options.flatMap((option) => ('value' in option ? [[option.name, option.value]] : [])));

interface ModalPart {
  readonly component?: { readonly custom_id?: string; readonly value?: string };
  readonly components?: readonly { readonly custom_id?: string; readonly value?: string }[];
}

/** Labels hold one component, the older rows several. */
const fieldsOf = (parts: readonly ModalPart[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    parts
      .flatMap(({ component, components }) => [...(component ? [component] : []), ...(components ?? [])])
      .flatMap(({ custom_id: id, value }) => (id === undefined ? [] : [[id, value ?? '']])),
  );

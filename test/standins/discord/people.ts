import type { APIMessage } from 'discord-api-types/v10';
import { channelJson, memberJson } from './answers.ts';
import type { Gateway } from './gateway.ts';
import {
  type Interaction,
  type Modal,
  type Person,
  type Registered,
  type RegisteredOption,
  type State,
  snowflake,
} from './state.ts';

/** What people do in Discord. Each deed returns at once; `answered` waits for what the bot makes of it. */
export interface People {
  /** `/snapshot create`, with its options by name. */
  run(person: Person, channel: string, path: string, options?: Values, more?: More): Interaction;
  /** Types into an option and looks at what is suggested. */
  suggest(person: Person, channel: string, path: string, focused: string, typed: string, others?: Values): Interaction;
  press(
    person: Person,
    on: Interaction | { readonly channel: string; readonly message: string },
    label: string | RegExp,
  ): Interaction;
  submit(person: Person, opened: Interaction, fields: Readonly<Record<string, string>>): Interaction;
  /** Delivers the same interaction again, as happens after a reconnect. */
  again(interaction: Interaction): void;
}

export type Values = Readonly<Record<string, string | number | boolean>>;

/** Ways to come in other than from a guild where the bot is installed. */
export interface More {
  readonly context?: 0 | 1 | 2;
  readonly installedBy?: 'guild' | 'user';
}

export function people(state: State, gateway: Gateway): People {
  function deliver(
    type: number,
    person: Person,
    channel: string,
    data: object,
    extra: object,
    on: Interaction['on'] = null,
    more: More = {},
  ) {
    const place = state.channels.get(channel);
    if (!place) throw new Error(`there is no channel ${channel}`);
    const guild = place.guild;
    const { context = 0, installedBy = 'guild' } = more;
    const member = memberJson(person) as { user: object };
    const id = snowflake();
    const payload = {
      id,
      application_id: state.application,
      type,
      token: `${id}.${Math.random().toString(36).slice(2)}`,
      version: 1,
      data,
      ...(context === 0
        ? { guild_id: guild, guild: { id: guild, locale: 'en-US', features: [] }, member }
        : { user: member.user }),
      channel: channelJson(place),
      channel_id: channel,
      locale: person.locale,
      ...(context === 0 && { guild_locale: 'en-US' }),
      app_permissions: state.appPermissions.toString(),
      entitlements: [],
      authorizing_integration_owners: installedBy === 'guild' ? { 0: guild } : { 1: person.id },
      context,
      attachment_size_limit: 10_485_760,
      ...extra,
    };
    const interaction: Interaction = {
      id,
      token: payload.token,
      at: Date.now(),
      channel,
      person,
      payload,
      ackedAt: null,
      ackType: null,
      ephemeral: false,
      original: null,
      on,
      modal: null,
      choices: null,
      followUps: [],
      files: [],
    };
    state.interactions.set(id, interaction);
    gateway.dispatch(guild, 'INTERACTION_CREATE', payload);
    return interaction;
  }

  return {
    run(person, channel, path, options = {}, more = {}) {
      const { command, leaf, subs } = find(state, path);
      if (!mayUse(command, person)) throw new Error(`${person.name} does not see /${path}`);
      const given = Object.entries(options).map(([name, value]) => checked(leaf, path, name, value));
      const missing = (leaf.options ?? []).find((one) => one.required && !(one.name in options));
      if (missing) throw new Error(`/${path} cannot be sent without ${missing.name}`);
      return deliver(
        2,
        person,
        channel,
        { ...dataOf(command, subs, given), ...resolvedOf(state, given) },
        {},
        null,
        more,
      );
    },
    suggest(person, channel, path, focused, typed, others = {}) {
      const { command, leaf, subs } = find(state, path);
      const option = leaf.options?.find(({ name }) => name === focused);
      if (!option?.autocomplete) throw new Error(`/${path} ${focused} has no autocomplete`);
      const given = Object.entries(others).map(([name, value]) => checked(leaf, path, name, value));
      const typing = { type: option.type, name: focused, value: typed, focused: true };
      return deliver(4, person, channel, dataOf(command, subs, [...given, typing]), {});
    },
    press(person, on, label) {
      const { message, of, channel } =
        'message' in on
          ? { message: state.messages.get(on.channel)?.get(on.message)?.message, of: null, channel: on.channel }
          : { message: shown(state, on), of: on, channel: on.channel };
      if (!message) throw new Error('there is no message to press anything on');
      const button = buttonsOf(message).find((one) =>
        typeof label === 'string' ? one.label === label : label.test(one.label ?? ''),
      );
      if (!button?.custom_id || button.disabled)
        throw new Error(
          `no button ${label}: ${buttonsOf(message)
            .map((one) => one.label)
            .join(', ')}`,
        );
      const data = { component_type: 2, custom_id: button.custom_id, id: 1 };
      const user = memberJson(person) as { user: object };
      const meta = { id: snowflake(), type: 2, user: user.user, authorizing_integration_owners: {} };
      const pressedOn = of?.on && (of.ackType === 6 || of.ackType === 7) ? of.on : { channel, message: message.id, of };
      return deliver(3, person, channel, data, { message: { ...message, interaction_metadata: meta } }, pressedOn);
    },
    submit(person, opened, fields) {
      const { modal } = opened;
      if (!modal) throw new Error('no modal was opened');
      return deliver(5, person, opened.channel, modalData(modal, fields), {}, opened.on);
    },
    again(interaction) {
      const guild = state.channels.get(interaction.channel)?.guild ?? '';
      gateway.dispatch(guild, 'INTERACTION_CREATE', interaction.payload);
    },
  };
}

/** What its person sees of an answer. */
export function shown(state: State, it: Interaction): APIMessage | null {
  if ((it.ackType === 6 || it.ackType === 7) && it.on)
    return it.on.of ? shown(state, it.on.of) : (state.messages.get(it.on.channel)?.get(it.on.message)?.message ?? null);
  return it.original;
}

interface Button {
  readonly type: number;
  readonly label?: string;
  readonly custom_id?: string;
  readonly disabled?: boolean;
}

export function buttonsOf(message: APIMessage): readonly Button[] {
  return (message.components ?? []).flatMap((row) => ('components' in row ? (row.components as Button[]) : []));
}

function find(
  state: State,
  path: string,
): { command: Registered; leaf: RegisteredOption | Registered; subs: readonly RegisteredOption[] } {
  const [name, ...rest] = path.split(' ');
  const command = state.commands.find((one) => one.name === name);
  if (!command) throw new Error(`there is no command /${name}`);
  const subs: RegisteredOption[] = [];
  let leaf: RegisteredOption | Registered = command;
  for (const word of rest) {
    const next: RegisteredOption | undefined = leaf.options?.find((one) => one.name === word && one.type <= 2);
    if (!next) throw new Error(`there is no command /${path}`);
    subs.push(next);
    leaf = next;
  }
  return { command, leaf, subs };
}

function mayUse({ default_member_permissions: wanted }: Registered, { permissions }: Person): boolean {
  if (wanted == null || (permissions & 8n) !== 0n) return true;
  return wanted !== '0' && (permissions & BigInt(wanted)) === BigInt(wanted);
}

/** The client lets nobody send what the command does not allow. */
function checked(
  leaf: RegisteredOption | Registered,
  path: string,
  name: string,
  value: string | number | boolean,
): { readonly type: number; readonly name: string; readonly value: string | number | boolean } {
  const option = leaf.options?.find((one) => one.name === name);
  if (!option) throw new Error(`/${path} has no option ${name}`);
  const fits =
    option.type === 3
      ? typeof value === 'string'
      : option.type === 5
        ? typeof value === 'boolean'
        : option.type === 4 || option.type === 10
          ? typeof value === 'number'
          : true;
  if (!fits) throw new Error(`/${path} ${name} does not take ${typeof value}`);
  if (option.choices && !option.choices.some((choice) => choice.value === value))
    throw new Error(`/${path} ${name}: ${value} is no choice`);
  if (typeof value === 'number' && (value < (option.min_value ?? -Infinity) || value > (option.max_value ?? Infinity)))
    throw new Error(`/${path} ${name}: ${value} is out of range`);
  if (typeof value === 'string' && value.length > (option.max_length ?? 6_000))
    throw new Error(`/${path} ${name} is too long`);
  return { type: option.type, name, value };
}

function dataOf(command: Registered, subs: readonly RegisteredOption[], given: readonly object[]): object {
  const options = subs.reduceRight<readonly object[]>(
    (inner, sub) => [{ type: sub.type, name: sub.name, options: inner }],
    given,
  );
  return { id: command.id, name: command.name, type: 1, ...(options.length > 0 && { options }) };
}

/** What Discord tells of the roles that were chosen. */
function resolvedOf(state: State, given: readonly { readonly type: number; readonly value: unknown }[]): object {
  const chosen = given.filter(({ type }) => type === ROLE).map(({ value }) => state.roles.get(String(value)));
  const rest = { color: 0, hoist: false, position: 1, permissions: '0', managed: false, flags: 0 };
  const roles = chosen.filter((role) => role !== undefined).map((role) => [role.id, { ...rest, ...role }]);
  return roles.length > 0 ? { resolved: { roles: Object.fromEntries(roles) } } : {};
}
const ROLE = 8;

function modalData({ custom_id, components }: Modal, fields: Readonly<Record<string, string>>): object {
  const answers = components.flatMap(({ component }, i) =>
    component
      ? [
          {
            type: 18,
            id: i + 1,
            component: {
              type: component.type,
              id: i + 20,
              custom_id: component.custom_id,
              value: fields[component.custom_id] ?? '',
            },
          },
        ]
      : [],
  );
  return { custom_id, components: answers };
}

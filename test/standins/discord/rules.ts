import type { Fault } from './schema.ts';

/** What Discord enforces and its published description does not say. */

interface Body {
  readonly content?: string | null;
  readonly flags?: number;
  readonly nonce?: string | number;
  readonly embeds?: readonly Embed[] | null;
  readonly components?: readonly Component[] | null;
}
interface Embed {
  readonly title?: string | null;
  readonly description?: string | null;
  readonly footer?: { readonly text?: string | null } | null;
  readonly author?: { readonly name?: string | null } | null;
  readonly fields?: readonly { readonly name: string; readonly value: string }[] | null;
}
interface Component {
  readonly type: number;
  readonly custom_id?: string;
  readonly components?: readonly Component[] | null;
}

export const V2 = 1 << 15;
const EMBED_TOTAL = 6_000;
const CONTENT_MAX = 2_000;
const ROWS_MAX = 5;
const V2_COMPONENTS_MAX = 40;
const NONCE_MAX = 25;

/** `fresh`: it is a new message, which must say something. */
export function messageFaults(body: Body, fresh: boolean, hasFiles: boolean): readonly Fault[] {
  const found: Fault[] = [];
  const embeds = body.embeds ?? [];
  const components = body.components ?? [];
  if ((body.content?.length ?? 0) > CONTENT_MAX)
    found.push({ path: 'content', message: `Must be ${CONTENT_MAX} or fewer in length.` });
  if (embeds.reduce((sum, embed) => sum + textOf(embed), 0) > EMBED_TOTAL)
    found.push({ path: 'embeds', message: 'Embed size exceeds maximum size of 6000' });
  if (`${body.nonce ?? ''}`.length > NONCE_MAX)
    found.push({ path: 'nonce', message: 'Must be 25 or fewer in length.' });
  const v2 = ((body.flags ?? 0) & V2) !== 0;
  if (v2 && (body.content || embeds.length > 0))
    found.push({ path: 'flags', message: 'The "content" and "embeds" fields cannot be used with components v2' });
  if (v2 ? countOf(components) > V2_COMPONENTS_MAX : components.length > ROWS_MAX)
    found.push({ path: 'components', message: 'Too many components' });
  const ids = components.flatMap(idsOf);
  if (new Set(ids).size !== ids.length)
    found.push({ path: 'components', message: 'Component custom id cannot be duplicated' });
  if (fresh && !body.content && embeds.length === 0 && components.length === 0 && !hasFiles)
    found.push({ path: '', message: 'Cannot send an empty message' });
  return found;
}

const textOf = ({ title, description, footer, author, fields }: Embed): number =>
  [title, description, footer?.text, author?.name, ...(fields ?? []).flatMap(({ name, value }) => [name, value])]
    .map((text) => text?.length ?? 0)
    .reduce((sum, length) => sum + length, 0);

const countOf = (components: readonly Component[]): number =>
  components.reduce((sum, one) => sum + 1 + countOf(one.components ?? []), 0);

const idsOf = (one: Component): readonly string[] => [
  ...(one.custom_id === undefined ? [] : [one.custom_id]),
  ...(one.components ?? []).flatMap(idsOf),
];

interface CommandBody {
  readonly name: string;
  readonly description?: string;
  readonly options?: readonly OptionBody[];
}
interface OptionBody extends CommandBody {
  readonly type: number;
  readonly required?: boolean;
  readonly choices?: readonly { readonly name: string; readonly value: string | number }[];
}

const NAME = /^[-_'\p{L}\p{N}]{1,32}$/u;
const COMMAND_TOTAL = 8_000;
const SUB = 1;

export function commandFaults(commands: readonly CommandBody[]): readonly Fault[] {
  const names = commands.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  return [
    ...(commands.length > 100 ? [{ path: '', message: 'Maximum number of application commands reached (100)' }] : []),
    ...(twice === undefined ? [] : [{ path: twice, message: 'Application command names must be unique' }]),
    ...commands.flatMap((command) => [
      ...namesIn(command, command.name),
      ...(lengthOf(command) > COMMAND_TOTAL
        ? [{ path: command.name, message: 'Command exceeds maximum size (8000)' }]
        : []),
    ]),
  ];
}

function namesIn(command: CommandBody, path: string): readonly Fault[] {
  const options = command.options ?? [];
  const plain = options.filter(({ type }) => type > SUB + 1);
  const late = plain.findIndex(({ required }, i) => required && plain.slice(0, i).some((before) => !before.required));
  return [
    ...(NAME.test(command.name) && command.name === command.name.toLowerCase()
      ? []
      : [{ path, message: `"${command.name}" does not match the pattern for names` }]),
    ...(late < 0 ? [] : [{ path, message: 'Required options must be placed before non-required options' }]),
    ...options.flatMap((option) => namesIn(option, `${path}.${option.name}`)),
  ];
}

const lengthOf = (one: CommandBody & { readonly choices?: OptionBody['choices'] }): number =>
  one.name.length +
  (one.description?.length ?? 0) +
  (one.options ?? []).reduce((sum, option) => sum + lengthOf(option), 0) +
  (one.choices ?? []).reduce((sum, { name, value }) => sum + name.length + `${value}`.length, 0);

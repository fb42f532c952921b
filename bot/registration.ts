import type {
  APIApplicationCommand,
  APIApplicationCommandOption,
  RESTPostAPIChatInputApplicationCommandsJSONBody,
} from 'discord-api-types/v10';
import { VERBS } from '../engine/domain/verbs.ts';
import type { Both, Command, Option } from './command.ts';
import { COMMANDS } from './commands.ts';
import type { Discord } from './discord/rest.ts';

/** What stands before the words of a command with two. */
const GROUPS: Readonly<Record<string, Both>> = {
  report: { en: 'What it cost and saved, now or by itself', pt: 'O que custou e poupou, agora ou sozinho' },
  machine: { en: 'Workspaces and their machines', pt: 'Workspaces e suas máquinas' },
  snapshot: { en: 'Snapshots of a workspace', pt: 'Snapshots de um workspace' },
  backup: { en: 'Backups of a workspace', pt: 'Backups de um workspace' },
  restore: { en: 'Wake a workspace from one of its snapshots', pt: 'Acorda um workspace a partir de um snapshot' },
};

type Body = RESTPostAPIChatInputApplicationCommandsJSONBody;

const SUB = 1;
const TYPE = { text: 3, integer: 4, flag: 5, channel: 7, role: 8, number: 10 } as const;
const TEXT_CHANNEL = 0;
/** What Discord hides by default; who really may is our own rule. */
const MANAGE_GUILD = String(1n << 5n);

/** Every command as Discord wants it. English names everywhere: a localized name cannot be mentioned. */
export function commandBodies(commands: Iterable<Command> = COMMANDS.values()): readonly Body[] {
  const byName = Map.groupBy(commands, ({ path }) => path.split(' ')[0] ?? '');
  return [...byName].map(([name, some]) => {
    const [only] = some;
    const single = some.length === 1 && only?.path === name;
    const say = single && only ? wordsOf(only) : GROUPS[name];
    if (!say) throw new Error(`the group /${name} has no words`);
    return {
      ...named(name, say),
      type: 1,
      options: single && only ? optionsOf(only) : some.map(subOf),
      contexts: [0],
      integration_types: [0],
      default_member_permissions: some.every(isForAdmins) ? MANAGE_GUILD : null,
    };
  });
}

const isForAdmins = ({ verb, path }: Command): boolean =>
  path === 'settings' || path === 'diag' || (verb !== null && VERBS[verb].role === 'admin' && VERBS[verb].on === null);

function subOf(command: Command): APIApplicationCommandOption {
  return {
    ...named(command.path.split(' ')[1] ?? '', wordsOf(command)),
    type: SUB,
    options: optionsOf(command),
  } as APIApplicationCommandOption;
}

function optionsOf({ options }: Command): APIApplicationCommandOption[] {
  return Object.entries(options)
    .toSorted(([, a], [, b]) => Number(b.required) - Number(a.required))
    .map(([name, option]) => optionOf(name, option));
}

function optionOf(
  name: string,
  { kind, say, required, suggests, choices, min, max }: Option<unknown>,
): APIApplicationCommandOption {
  const isText = kind === 'text';
  const isNumber = kind === 'integer' || kind === 'number';
  return {
    ...named(name, say),
    type: TYPE[kind],
    ...(required && { required }),
    ...(suggests !== null && { autocomplete: true }),
    ...(choices.length > 0 && {
      choices: choices.map((choice) => ({
        name: choice.say.en,
        value: choice.value,
        name_localizations: { 'pt-BR': choice.say.pt },
      })),
    }),
    ...(isText && min !== null && { min_length: min }),
    ...(isText && max !== null && { max_length: max }),
    ...(isNumber && min !== null && { min_value: min }),
    ...(isNumber && max !== null && { max_value: max }),
    ...(kind === 'channel' && { channel_types: [TEXT_CHANNEL] }),
  } as APIApplicationCommandOption;
}

function named(name: string, { en, pt }: Both) {
  return { name, description: en, description_localizations: { 'pt-BR': pt } };
}

function wordsOf({ say, verb, path }: Command): Both {
  const words = say ?? (verb === null ? undefined : VERBS[verb].say);
  if (!words) throw new Error(`/${path} has no words`);
  return words;
}

/** Tells Discord only what it does not have already: each new name counts against 200 a day. */
export async function registerCommands(
  discord: Pick<Discord, 'commands' | 'register'>,
): Promise<'changed' | 'unchanged'> {
  const wanted = commandBodies();
  const found = await discord.commands();
  if (sameAs(found, wanted)) return 'unchanged';
  await discord.register([...wanted]);
  return 'changed';
}

function sameAs(found: readonly APIApplicationCommand[], wanted: readonly Body[]): boolean {
  const known = new Map(found.map((one) => [one.name, one]));
  return found.length === wanted.length && wanted.every((one) => isWithin(one, known.get(one.name)));
}

/** Whether all that we say is so; Discord adds fields of its own, and leaves out what is empty or false. */
function isWithin(ours: unknown, theirs: unknown): boolean {
  if (ours === theirs) return true;
  const isNothing = (value: unknown): boolean =>
    value === undefined || value === null || value === false || (Array.isArray(value) && value.length === 0);
  if (isNothing(ours) && isNothing(theirs)) return true;
  if (Array.isArray(ours) && Array.isArray(theirs))
    return ours.length === theirs.length && ours.every((one, i) => isWithin(one, theirs[i]));
  if (typeof ours !== 'object' || typeof theirs !== 'object' || ours === null || theirs === null) return false;
  return Object.entries(ours).every(([key, value]) => isWithin(value, (theirs as Record<string, unknown>)[key]));
}

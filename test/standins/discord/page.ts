import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { APIMessage } from 'discord-api-types/v10';
import { type People, shown, type Values } from './people.ts';
import type { Interaction, Person, State } from './state.ts';

const HTML = readFileSync(join(import.meta.dirname, 'page.html'), 'utf8');

interface Line {
  readonly message: APIMessage;
  readonly at: string;
  /** Only this person sees it. */
  readonly to: string | null;
  /** What they did to get it. */
  readonly after: string | null;
  readonly interaction: string | null;
}

/** A channel as a person would see it, and hands to press what they see. For eyes and for screenshots; no test needs it. */
export function servePage(state: State, people: People, request: IncomingMessage, response: ServerResponse): boolean {
  const url = new URL(request.url ?? '/', 'http://page');
  const channel = url.searchParams.get('channel') ?? [...state.channels.keys()][0] ?? '';
  const person = state.people.find(({ name }) => name === url.searchParams.get('as')) ?? state.people[0];
  if (url.pathname === '/') return send(response, 'text/html; charset=utf-8', HTML);
  if (url.pathname === '/page')
    return send(
      response,
      'application/json',
      JSON.stringify(pageOf(state, channel, person, url.searchParams.get('message'))),
    );
  if (url.pathname.startsWith('/file/')) {
    const file = fileOf(state, url.pathname.slice('/file/'.length));
    return file ? send(response, file.type, file.bytes) : false;
  }
  if (url.pathname === '/do' && request.method === 'POST' && person) {
    try {
      act(state, people, person, channel, url.searchParams);
      return send(response, 'application/json', '{}');
    } catch (cause) {
      return send(response, 'application/json', JSON.stringify({ why: (cause as Error).message }));
    }
  }
  return false;
}

function act(state: State, people: People, person: Person, channel: string, given: URLSearchParams): void {
  const line = given.get('run');
  if (line !== null) {
    const { path, options } = parse(state, line);
    people.run(person, channel, path, options);
    return;
  }
  const on = state.interactions.get(given.get('interaction') ?? '');
  const name = given.get('name');
  if (on && name !== null) people.submit(person, on, { name });
  else people.press(person, on ?? { channel, message: given.get('message') ?? '' }, given.get('press') ?? '');
}

/** `/wake workspace:lab dry_run:true`; what has a space in it stands in quotes. */
function parse(state: State, line: string): { path: string; options: Values } {
  const words = [
    ...line
      .trim()
      .replace(/^\//, '')
      .matchAll(/([\w-]+):(?:"([^"]*)"|(\S+))|(\S+)/g),
  ];
  const path = words.flatMap(([, , , , word]) => word ?? []).join(' ');
  const [command = '', sub] = path.split(' ');
  const top = state.commands.find(({ name }) => name === command);
  const known = (sub ? top?.options?.find(({ name }) => name === sub)?.options : top?.options) ?? [];
  const options = words.flatMap(([, name, quoted, bare]) => {
    if (name === undefined) return [];
    const value = quoted ?? bare ?? '';
    const type = known.find((one) => one.name === name)?.type;
    return [[name, type === 5 ? value === 'true' : type === 4 || type === 10 ? Number(value) : value]];
  });
  return { path, options: Object.fromEntries(options) };
}

/** `only`: this message and no other. */
function pageOf(state: State, channel: string, person: Person | undefined, only: string | null): object {
  const place = state.channels.get(channel);
  const lines: Line[] = [
    ...[...(state.messages.get(channel)?.values() ?? [])].map(({ message }) => lineOf(message, null)),
    ...[...state.interactions.values()]
      .filter((it) => it.channel === channel && it.ephemeral && it.person.id === person?.id)
      .flatMap((it) => {
        const message = shown(state, it);
        return message ? [lineOf(message, it)] : [];
      }),
  ]
    .filter(({ message }) => only === null || message.id === only)
    .toSorted((a, b) => (a.at < b.at ? -1 : 1));
  const modal = [...state.interactions.values()].findLast((it) => it.modal && it.person.id === person?.id);
  return {
    server: state.guilds.get(place?.guild ?? '')?.name,
    channels: [...state.channels.values()]
      .filter(({ guild }) => guild === place?.guild)
      .map(({ id, name }) => ({ id, name })),
    channel: { id: channel, name: place?.name },
    people: state.people.map(({ name }) => name),
    person: person?.name,
    locale: person?.locale,
    names: Object.fromEntries([
      ...state.people.map(({ id, name }) => [id, name]),
      ...[...state.channels.values()].map(({ id, name }) => [id, name]),
    ]),
    commands: state.commands.map(({ name }) => name),
    lines,
    modal:
      modal && modal.ackedAt !== null && !isAnswered(state, modal) ? { ...modal.modal, interaction: modal.id } : null,
  };
}

const isAnswered = (state: State, opened: Interaction): boolean =>
  [...state.interactions.values()].some((it) => Number(it.id) > Number(opened.id) && it.person.id === opened.person.id);

function lineOf(message: APIMessage, it: Interaction | null): Line {
  return {
    message,
    at: message.timestamp,
    to: it?.person.name ?? null,
    after: it && typedLine(it),
    interaction: it?.id ?? null,
  };
}

interface Typed {
  readonly type: number;
  readonly name: string;
  readonly value?: unknown;
  readonly options?: readonly Typed[];
}

/** The command as it was typed; null: they pressed something. */
function typedLine({ payload }: Interaction): string | null {
  const { data } = payload as { data: Partial<Typed> };
  const words = ({ name, value, options = [] }: Typed): string[] => [
    value === undefined ? name : `${name}:${value}`,
    ...options.flatMap(words),
  ];
  return data.name === undefined ? null : `/${words(data as Typed).join(' ')}`;
}

function fileOf(state: State, path: string): { bytes: Uint8Array; type: string } | null {
  const [channel = '', id = '', name = ''] = path.split('/');
  const answers = [...state.interactions.values()].filter((it) => shown(state, it)?.id === id);
  const files = [...(state.messages.get(channel)?.get(id)?.files ?? []), ...answers.flatMap((it) => it.files)];
  const file = files.findLast((one) => one.name === name);
  const type = name.endsWith('.png') ? 'image/png' : 'text/plain; charset=utf-8';
  return file ? { bytes: file.bytes, type } : null;
}

function send(response: ServerResponse, type: string, body: string | Uint8Array): true {
  response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body);
  return true;
}

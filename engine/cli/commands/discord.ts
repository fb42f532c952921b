import { setTimeout as pause } from 'node:timers/promises';
import { Failure } from '../../domain/failures.ts';
import type { HealthJson } from '../../http/json/health.ts';
import { withPassword } from '../as-person.ts';
import { askLine } from '../ask-line.ts';
import { command, text } from '../command.ts';
import { DISCORD_API, HOME } from '../home.ts';
import { clockTime } from '../local-time.ts';
import { wrong } from '../read-args.ts';
import { readSecret } from '../read-secret.ts';
import { timeOf } from '../words.ts';

export const discord = command({
  name: 'discord',
  takes: [
    {
      name: 'DO',
      say: 'setup: a bot for this engine; link: a code that makes you and your Discord user one; without it: how the bot is',
      optional: true,
    },
  ],
  options: {
    token: text('FILE', 'The token of the bot is in this file; "-" reads it from standard input'),
    server: text('NAME', 'Where it was invited to several servers: this one'),
    channel: text('NAME', 'Where panels and alerts stand at first'),
    user: text('NAME', 'The account to link; "admin" if you do not say'),
  },
  examples: [
    ['dumont discord', 'whether the bot is connected, and has a channel to warn in'],
    ['dumont discord setup', 'asks for a token, shows the invitation, checks each step'],
    ['dumont discord setup --token - --server Research --channel ops', 'for scripts'],
    ['dumont discord link --user ana', 'a code to type into /link within ten minutes'],
  ],
  async run({ words: [what], options, engine, screen, signal }) {
    if (what === 'link') {
      const name = options.user ?? 'admin';
      const password = await readSecret(`Password of ${name}: `, screen, signal);
      const made = await withPassword(
        { url: engine.url(), name, password },
        signal,
        async (person) =>
          await person.post<{ code: string; expires_at: string }>('/api/v1/me/discord-code', {}, signal),
      );
      if (screen.json) screen.printJson(made);
      else screen.print(`In Discord: /link code:${made.code}   (until ${clockTime(timeOf(made.expires_at))})`);
      return 0;
    }
    if (what === undefined) {
      const { parts } = await engine.get<HealthJson>('/api/v1/health', {}, signal);
      const bot = parts.find(({ name }) => name === 'discord') ?? NO_BOT;
      if (screen.json) screen.printJson(bot);
      else screen.print(`${bot.ok ? '✓' : '✗'} ${bot.say}`, ...(bot.mend === undefined ? [] : [bot.mend]));
      return bot.ok ? 0 : UNAVAILABLE;
    }
    if (what !== 'setup') throw wrong(discord, 'knows two things: setup and link');
    const { setUp } = await import('../../../bot/setup/set-up.ts');
    if (options.token === undefined)
      screen.note(
        'Make an application at https://discord.com/developers/applications, open "Bot", and press "Reset Token".',
        'It needs no privileged intent. Nothing is sent anywhere but to Discord.',
      );
    const found = await setUp({
      home: HOME,
      api: DISCORD_API,
      clock: { now: Date.now, sleep: async (ms, until) => await pause(ms, undefined, { signal: until }) },
      signal,
      say: (line) => screen.note(line),
      waits: screen.asks,
      askToken: async () => await readToken(options.token),
      async choose(kind, from) {
        const wanted = options[kind]?.replace(/^#/, '');
        const only =
          from.length === 1 && wanted === undefined
            ? from[0]
            : from.find(({ id, name }) => wanted === name || wanted === id);
        if (only) return only;
        const names = from.map(({ name }) => name).join(', ');
        const typed = wanted === undefined ? await askLine(`Which ${kind}? ${names}: `, screen, signal) : null;
        const chosen = from.find(({ name }) => name === typed?.replace(/^#/, ''));
        if (chosen) return chosen;
        throw new Failure('bad_request', { why: `Say which ${kind} with --${kind}: ${names || 'there is none'}.` });
      },
    });
    if (screen.json) screen.printJson(found);
    else
      screen.print(
        `Done: ${found.file}. Start the engine again; then "dumont discord link", and /link in ${found.server}.`,
      );
    return 0;

    async function readToken(file: string | undefined): Promise<string> {
      if (file === undefined || file === '-') return await readSecret('Token of the bot: ', screen, signal, 'token');
      const { readFileSync } = await import('node:fs');
      return readFileSync(file, 'utf8').trim();
    }
  },
});

const NO_BOT = { ok: false, say: 'there is no bot', mend: '"dumont discord setup" walks through it.' };
const UNAVAILABLE = 69;

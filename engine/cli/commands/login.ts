import { hostname } from 'node:os';
import { Failure, reasonOf } from '../../domain/failures.ts';
import type { LoginJson, NewTokenJson } from '../../http/json/account.ts';
import { command, text } from '../command.ts';
import { engineAt } from '../engine-client.ts';
import { HOME } from '../home.ts';
import { removeProfile, writeProfile } from '../profiles.ts';
import { readSecret } from '../read-secret.ts';

export const login = command({
  name: 'login',
  takes: [{ name: 'URL', say: 'Where the engine answers: https://dumont.example.com', optional: true }],
  options: {
    user: text('NAME', 'The account; "admin" if you do not say'),
    token: text('FILE', 'Use the token in this file instead of a password; "-" reads it from standard input'),
  },
  examples: [
    [
      'dumont login https://dumont.example.com --user ana',
      'asks for the password; from then on every command goes there',
    ],
    ['dumont login https://dumont.example.com --token -', 'for scripts'],
    ['dumont logout', 'and commands go to the engine of this computer again'],
  ],
  async run({ words: [given], options, engine, screen, signal }) {
    const url = given === undefined ? engine.url() : checked(given);
    const token = options.token === undefined ? await byPassword(url) : await ownToken(options.token);
    const me = await engineAt(url, token).get<{ name: string; role: string }>('/api/v1/me', {}, signal);
    writeProfile(HOME, { url, token, name: me.name });
    if (screen.json) screen.printJson({ url, ...me });
    else screen.print(`You are ${me.name} (${me.role}) at ${url}.`);
    return 0;

    /** The password is used once: what stays on this computer is a token, which can be ended by itself. */
    async function byPassword(at: string): Promise<string> {
      const name = options.user ?? 'admin';
      const password = await readSecret(`Password of ${name}: `, screen, signal);
      const stranger = engineAt(at, null);
      const opened = await stranger.post<LoginJson>('/api/v1/auth/login', { name, password }, signal);
      const person = engineAt(at, opened.access_token);
      const wanted = { name: `dumont on ${hostname()}` };
      const made = await person.post<NewTokenJson>('/api/v1/tokens', wanted, signal);
      await person.post('/api/v1/auth/logout', { refresh_token: opened.refresh_token }, signal);
      return made.token;
    }

    async function ownToken(file: string): Promise<string> {
      if (file === '-') return await readSecret('Token: ', screen, signal);
      const { readFileSync } = await import('node:fs');
      return readFileSync(file, 'utf8').trim();
    }
  },
});

export const logout = command({
  name: 'logout',
  examples: [['dumont logout', 'ends the token of this computer, and forgets it']],
  async run({ engine, screen, signal }) {
    const profile = engine.profile();
    if (!profile) {
      screen.note('You were not logged in anywhere.');
      return 0;
    }
    const id = /^[a-z]+_([^_]+)_/.exec(profile.token)?.[1] ?? '';
    await engine
      .remove(`/api/v1/tokens/${encodeURIComponent(id)}`, {}, signal)
      .catch((cause: unknown) => screen.note(`The token could not be ended there: ${reasonOf(cause)}`));
    removeProfile(HOME);
    if (screen.json) screen.printJson({ url: profile.url });
    else screen.print(`You are logged out of ${profile.url}.`);
    return 0;
  },
});

/** A password that goes over the network goes over TLS. */
function checked(given: string): string {
  const url = URL.parse(/^https?:\/\//.test(given) ? given : `https://${given}`);
  if (!url) throw new Failure('bad_request', { why: `"${given}" is no address.` });
  const here = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !here)
    throw new Failure('bad_request', { why: `${given} is not encrypted: use https, or a tunnel to this computer.` });
  return url.origin;
}

import { hostname } from 'node:os';
import { Failure, reasonOf } from '../../domain/failures.ts';
import type { MeJson, NewTokenJson } from '../../http/json/account.ts';
import { withPassword } from '../as-person.ts';
import { command, flag, text } from '../command.ts';
import { encrypted } from '../encrypted.ts';
import { type EngineClient, engineAt } from '../engine-client.ts';
import { HOME, PROFILE } from '../home.ts';
import { HERE, type Profile, type Profiles, profileIn, readProfiles, writeProfiles } from '../profiles.ts';
import { wrong } from '../read-args.ts';
import { readSecret } from '../read-secret.ts';
import type { Screen } from '../screen.ts';
import { table } from '../table.ts';

/** Somebody who does not come back for so long logs in again. */
const LOGIN_SECONDS = 90 * 24 * 3_600;
/** What a token's name may have. */
const NAME_CHARACTERS = 100;

export const login = command({
  name: 'login',
  takes: [{ name: 'URL', say: 'Where the engine answers: https://dumont.example.com', optional: true }],
  options: {
    user: text('NAME', 'The account; "admin" if you do not say'),
    token: text('FILE', 'Use the token in this file instead of a password; "-" reads it from standard input'),
    profile: text('NAME', 'Keep it under this name, beside others; the host of URL if you do not say'),
    use: text('NAME', 'Every command goes to this login from now on; "local" is the engine of this computer'),
    'change-password': flag(
      'Another password; every login and token of the account ends, but this computer gets a new one',
    ),
    list: flag('The logins of this computer'),
  },
  examples: [
    [
      'dumont login https://dumont.example.com --user ana',
      'asks for the password; from then on every command goes there',
    ],
    ['dumont login https://dumont.example.com --token -', 'for scripts'],
    ['dumont login --change-password', 'asks for the old one and the new one'],
    ['dumont login --use local', 'and back to the engine of this computer; DUMONT_PROFILE says it for one command'],
  ],
  async run({ words: [given], options, engine, screen, signal }) {
    const before = readProfiles(HOME);
    if (options.list) return list(before, screen);
    if (options.use !== undefined) return use(options.use, before, screen);
    if (options['change-password']) return await changePassword(engine, before, screen, signal);
    const url = given === undefined ? engine.url() : encrypted(given);
    const current = options.profile ?? new URL(url).host;
    if (current === HERE) throw wrong(login, `: "${HERE}" is the engine of this computer; choose another name`);
    const token = options.token === undefined ? await byPassword(url) : await ownToken(options.token);
    const me = await engineAt(url, token).get<{ name: string; role: string }>('/api/v1/me', {}, signal);
    const replaced = Object.hasOwn(before.profiles, current) ? before.profiles[current] : undefined;
    writeProfiles(HOME, { current, profiles: { ...before.profiles, [current]: { url, token, name: me.name } } });
    if (replaced && replaced.token !== token) await endToken(replaced, signal).catch(() => undefined); // it may have ended
    if (screen.json) screen.printJson({ url, ...me });
    else screen.print(`You are ${me.name} (${me.role}) at ${url}.`);
    return 0;

    /** The password is used once. */
    async function byPassword(at: string): Promise<string> {
      const name = options.user ?? 'admin';
      const password = await readSecret(`Password of ${name}: `, screen, signal);
      return await withPassword({ url: at, name, password }, signal, (person) => newToken(person, current, signal));
    }

    async function ownToken(file: string): Promise<string> {
      if (file === '-') return await readSecret('Token: ', screen, signal, 'token');
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
    await endToken(profile, signal).catch((cause: unknown) =>
      screen.note(`The token could not be ended there: ${reasonOf(cause)}`),
    );
    const { current, profiles } = readProfiles(HOME);
    const left = Object.entries(profiles).filter(([, one]) => one.token !== profile.token);
    const stays = left.some(([name]) => name === current);
    writeProfiles(HOME, { current: stays ? current : null, profiles: Object.fromEntries(left) });
    if (screen.json) screen.printJson({ url: profile.url });
    else screen.print(`You are logged out of ${profile.url}.`);
    return 0;
  },
});

/** The token of this computer ends with all others, so it gets another one. */
async function changePassword(
  engine: EngineClient,
  before: Profiles,
  screen: Screen,
  signal: AbortSignal,
): Promise<number> {
  const { name, by } = await engine.get<MeJson>('/api/v1/me', {}, signal);
  if (by === 'file')
    throw wrong(login, `: you need no password here; "dumont users ACCOUNT --password" sets anybody's`);
  const url = engine.url();
  const password = await readSecret(`Password of ${name}: `, screen, signal);
  const wanted = await readSecret(`New password of ${name}: `, screen, signal);
  if (screen.asks && (await readSecret('Once more: ', screen, signal)) !== wanted)
    throw new Failure('bad_request', { why: 'These were two different passwords; nothing was changed.' });
  await withPassword({ url, name, password }, signal, async (person) => {
    await person.put('/api/v1/me/password', { password, new_password: wanted }, signal);
  });
  const profile = engine.profile();
  const kept = Object.entries(before.profiles).find(([, one]) => one.token === profile?.token)?.[0];
  if (kept !== undefined) {
    const token = await withPassword({ url, name, password: wanted }, signal, (person) =>
      newToken(person, kept, signal),
    );
    writeProfiles(HOME, { ...before, profiles: { ...before.profiles, [kept]: { url, token, name } } });
  }
  if (screen.json) screen.printJson({ name, url });
  else screen.print(`The password of ${name} is another one. Every other login and token of it has ended.`);
  return 0;
}

/** What stays on this computer, since it can be ended by itself. */
async function newToken(person: EngineClient, profile: string, signal: AbortSignal): Promise<string> {
  const wanted = { name: `dumont on ${hostname()} (${profile})`.slice(0, NAME_CHARACTERS), for_seconds: LOGIN_SECONDS };
  const made = await person.post<NewTokenJson>('/api/v1/tokens', wanted, signal);
  return made.token;
}

async function endToken({ url, token }: Profile, signal: AbortSignal): Promise<void> {
  const id = /^[a-z]+_([^_]+)_/.exec(token)?.[1] ?? '';
  await engineAt(url, token).remove(`/api/v1/tokens/${encodeURIComponent(id)}`, {}, signal);
}

function list({ current, profiles }: Profiles, screen: Screen): number {
  const rows = [
    ...Object.entries(profiles).map(([name, one]) => ({ name, url: one.url, as: one.name })),
    { name: HERE, url: 'the engine of this computer', as: 'its owner' },
  ].map((row) => ({ ...row, used: row.name === (PROFILE ?? current ?? HERE) }));
  if (screen.json) screen.printJson({ logins: rows });
  else
    screen.print(
      ...table(
        [
          { title: '', of: (it) => (it.used ? '*' : '') },
          { title: 'LOGIN', of: (it) => it.name, style: () => 'bold' },
          { title: 'AS', of: (it) => it.as },
          { title: 'WHERE', of: (it) => it.url, min: 12 },
        ],
        rows,
        screen,
      ),
    );
  return 0;
}

function use(name: string, profiles: Profiles, screen: Screen): number {
  const chosen = profileIn(profiles, name);
  writeProfiles(HOME, { ...profiles, current: chosen ? name : null });
  if (screen.json) screen.printJson({ login: name, url: chosen?.url ?? null });
  else
    screen.print(chosen ? `You are ${chosen.name} at ${chosen.url}.` : 'Commands go to the engine of this computer.');
  return 0;
}

import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

// The command line reads its environment here and nowhere else.
const { env } = process;
const { DUMONT_HOME, DUMONT_URL, DUMONT_TOKEN, DUMONT_PROFILE, DUMONT_DISCORD_API, PATH = '', TERM } = env;
const { npm_command, npm_lifecycle_event } = env;

/** Where the engine keeps its state, and notes where it answers. */
export const HOME = resolve(
  DUMONT_HOME?.replace(/^~(?=\/|$)/, homedir()) || join(import.meta.dirname, '..', '..', '.dumont'),
);

/** An engine elsewhere, for scripts that do not log in. */
export const REMOTE = { url: DUMONT_URL || undefined, token: DUMONT_TOKEN || undefined } as const;

/** A login that is used instead of the current one. */
export const PROFILE = DUMONT_PROFILE || undefined;

/** A terminal that cannot move its cursor gets plain lines. */
export const DUMB_TERMINAL = TERM === 'dumb';

/** What npm says when it is npm that started us: `npx dumont` is "exec", `npm run dumont` a script of that name. */
export const NPM = { command: npm_command, script: npm_lifecycle_event } as const;

/** Where programs are found. */
export const SEARCH_PATH = PATH;

/** Where Discord is, or a stand-in for it. */
export const DISCORD_API = DUMONT_DISCORD_API || 'https://discord.com/api';

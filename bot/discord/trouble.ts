import { DiscordAPIError, HTTPError, RateLimitError } from '@discordjs/rest';
import { isFailure } from '../../engine/domain/failures.ts';

/** What Discord says no with, by its own numbers. */
export const CODE = {
  unknownChannel: 10_003,
  unknownMessage: 10_008,
  unknownWebhook: 10_015,
  unknownInteraction: 10_062,
  editsOfOld: 30_046,
  acknowledged: 40_060,
  noAccess: 50_001,
  noPermission: 50_013,
  tokenEnded: 50_027,
  badBody: 50_035,
  threadArchived: 50_083,
} as const;

/** Discord's number of what it said no with; null when it said nothing. */
export function codeOf(cause: unknown): number | null {
  return cause instanceof DiscordAPIError && typeof cause.code === 'number' ? cause.code : null;
}

/** We may not write there, and asking again changes nothing. */
export function isShut(cause: unknown): boolean {
  const code = codeOf(cause);
  const shut: readonly number[] = [CODE.unknownChannel, CODE.noAccess, CODE.noPermission, CODE.threadArchived];
  return code !== null && shut.includes(code);
}

/** How long to leave it alone; null when it was not about too many requests. */
export function waitMsOf(cause: unknown): number | null {
  if (cause instanceof RateLimitError) return Math.max(cause.retryAfter, LEAST_WAIT_MS);
  return null;
}

const LEAST_WAIT_MS = 1_000;

/** The connection broke: it may have happened or not, and nobody said no. */
export function isUnclear(cause: unknown): boolean {
  const said = cause instanceof DiscordAPIError || cause instanceof HTTPError || cause instanceof RateLimitError;
  return !said && !isTokenLost(cause) && !isFailure(cause);
}

/** Discord itself is in trouble. */
export function isTheirs(cause: unknown): boolean {
  return (cause instanceof DiscordAPIError || cause instanceof HTTPError) && cause.status >= 500;
}

/** The token is not good any more, whoever says so. */
export function isTokenLost(cause: unknown): boolean {
  if (cause instanceof DiscordAPIError) return cause.status === 401 && codeOf(cause) !== CODE.tokenEnded;
  return cause instanceof Error && cause.message.startsWith('Expected token to be set');
}

export function wordsOf(cause: unknown): string {
  if (cause instanceof DiscordAPIError) return `${cause.message} (${cause.code})`;
  if (cause instanceof HTTPError) return `HTTP ${cause.status}`;
  return cause instanceof Error ? cause.message : String(cause);
}

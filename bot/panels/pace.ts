import type { Panel } from '../../engine/domain/discord.ts';
import type { Message } from '../discord/message.ts';
import { CODE, codeOf } from '../discord/trouble.ts';

/** Discord lets five edits through in five seconds, all panels of a channel together. */
export const GAP_MS = 1_050;
/** A list that renews itself is nobody's live view. */
export const SLOW_MS: Readonly<Record<Panel['kind'], number>> = {
  operation: 0,
  warning: 0,
  alert: 0,
  status: 15_000,
  report: 0,
  audit: 0,
};
/** Older messages can hardly be edited, so a panel that lives on is posted anew; what was told once stays where it is. */
export const RENEW_MS: Readonly<Record<Panel['kind'], number>> = {
  operation: 50 * 60_000,
  status: 50 * 60_000,
  warning: Number.POSITIVE_INFINITY,
  alert: Number.POSITIVE_INFINITY,
  report: Number.POSITIVE_INFINITY,
  audit: Number.POSITIVE_INFINITY,
};

/** An edit rings nobody, so it need not say whom it might, nor that it is quiet. */
export const quietly = ({ flags: _, ...message }: Message): Message => ({
  ...message,
  allowed_mentions: { parse: [] },
});

const NONCE_MAX = 25;
/** One panel is posted once, however often it is tried; posted anew it is another message. */
export function nonceOf({ id, openedAt, postedAt }: Panel): string {
  const tail = Math.floor((postedAt ?? openedAt) / 1_000).toString(36);
  return `${id.slice(-(NONCE_MAX - tail.length))}${tail}`;
}

export function ignoreGone(cause: unknown): void {
  if (codeOf(cause) !== CODE.unknownMessage) throw cause;
}

import { noAnswer, type Send } from '../../../engine/marketplaces/vast/send.ts';
import type { FakeClock } from '../../fakes/clock.ts';
import type { Account } from './account.ts';
import { route } from './route.ts';

/** The same server without a socket, under a clock moved by hand. Answers take a moment; one that is lost takes very long. */
export function sendTo(account: Account, clock: FakeClock): Send {
  return async ({ method, url, headers, body }, signal) => {
    await clock.sleep(WAY_MS, signal);
    const incoming = { method, url: new URL(url), authorization: headers.authorization ?? null, text: body ?? '' };
    const { status, text, lost } = await route(account, incoming);
    await clock.sleep(lost ? LOST_MS : WAY_MS * (0.5 + account.chance()), signal);
    if (lost) throw noAnswer('the connection broke');
    return { status, text };
  };
}

const WAY_MS = 60;
const LOST_MS = 30_000;

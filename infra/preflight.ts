import * as z from 'zod';
import { Failure, reasonOf } from '../engine/domain/failures.ts';
import { ITEM_WRITE, JURISDICTIONS, type Jurisdiction } from './storage/credentials.ts';

export interface Cloudflare {
  readonly baseUrl: string;
  readonly token: string;
}

export interface Wanted {
  readonly accountId: string;
  readonly jurisdiction: Jurisdiction;
  /** The buckets of this stack, there or not. */
  readonly buckets: readonly string[];
  /** There will be a tunnel under a name in this zone. */
  readonly zoneId: string | null;
}

interface Found {
  readonly permissionGroup: string;
  readonly there: readonly string[];
}

/**
 * Asks Cloudflare, changing nothing, whether what is about to be made can be made, and tells every obstacle at once.
 * Returns the permission group that storage keys get, whose id is Cloudflare's to choose, and which buckets are there.
 */
export async function preflight({ baseUrl, token }: Cloudflare, wanted: Wanted, signal: AbortSignal): Promise<Found> {
  const account = `/accounts/${wanted.accountId}`;
  const mistakes: string[] = [];
  const ask = async (path: string, permission: string, jurisdiction = wanted.jurisdiction): Promise<Answer> => {
    const answer = await get(`${baseUrl.replace(/\/+$/, '')}${path}`, token, jurisdiction, signal);
    if (!answer.success) mistakes.push(words(answer, path, permission));
    return answer;
  };
  const [groups] = await Promise.all([
    ask(`${account}/tokens/permission_groups`, 'Account API Tokens Write'),
    ask(`${account}/r2/buckets?per_page=1`, 'Workers R2 Storage Write'),
    ...(wanted.zoneId === null
      ? []
      : [
          ask(`${account}/cfd_tunnel?per_page=1`, 'Cloudflare Tunnel Write'),
          ask(`/zones/${wanted.zoneId}/dns_records?per_page=1`, 'DNS Write'),
        ]),
  ]);
  const lie = async (bucket: string) => ({ bucket, laws: await lawsOf(bucket, wanted, baseUrl, token, signal) });
  const found = mistakes.length === 0 ? await Promise.all(wanted.buckets.map(lie)) : [];
  const there = found.flatMap(({ bucket, laws }) => (laws.includes(wanted.jurisdiction) ? [bucket] : []));
  for (const { bucket, laws } of found.filter((one) => !there.includes(one.bucket)))
    for (const law of laws)
      mistakes.push(
        `the bucket ${bucket} lies in the jurisdiction "${law}", and Cloudflare never moves one: set that again, or choose another stack name`,
      );
  const named = z.array(Group).safeParse(groups?.result);
  const group = named.data?.find(({ name }) => name === ITEM_WRITE);
  if (mistakes.length === 0 && !group) mistakes.push(`Cloudflare knows no permission group "${ITEM_WRITE}" any more`);
  if (mistakes.length > 0 || !group)
    throw new Failure('bad_setting', { why: [...new Set(mistakes)].map((mistake) => `  ${mistake}`).join('\n') });
  return { permissionGroup: group.id, there };
}

const Group = z.object({ id: z.string(), name: z.string() });
const Answer = z.object({
  success: z.boolean(),
  errors: z.array(z.object({ code: z.number(), message: z.string() })).default([]),
  result: z.unknown(),
});
type Answer = z.infer<typeof Answer>;

/** The jurisdictions in which there is a bucket of that name. The others are asked only where the wanted one has none. */
async function lawsOf(
  bucket: string,
  { accountId, jurisdiction }: Wanted,
  baseUrl: string,
  token: string,
  signal: AbortSignal,
): Promise<readonly Jurisdiction[]> {
  const url = `${baseUrl.replace(/\/+$/, '')}/accounts/${accountId}/r2/buckets/${bucket}`;
  if ((await get(url, token, jurisdiction, signal)).success) return [jurisdiction];
  const others = JURISDICTIONS.filter((law) => law !== jurisdiction);
  const there = await Promise.all(others.map(async (law) => (await get(url, token, law, signal)).success));
  return others.filter((_, i) => there[i]);
}

async function get(url: string, token: string, jurisdiction: string, signal: AbortSignal): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, 'cf-r2-jurisdiction': jurisdiction };
  try {
    const reply = await fetch(url, { headers, signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) });
    return Answer.parse(await reply.json());
  } catch (cause) {
    signal.throwIfAborted();
    throw new Failure('bad_setting', { why: `  Cloudflare does not answer properly: ${reasonOf(cause)}` }, { cause });
  }
}

const ANSWER_MS = 20_000;

/** Codes from Cloudflare's own list; what is not in it is told as Cloudflare told it. */
function words({ errors }: Answer, path: string, permission: string): string {
  const codes = new Set(errors.map(({ code }) => code));
  if (codes.has(10042))
    return 'R2 is not enabled on this account: open R2 once in the Cloudflare dashboard and agree to it';
  if (codes.has(1000) || codes.has(6003) || codes.has(6111))
    return 'Cloudflare does not know this API token: set cloudflare:apiToken anew, with --secret';
  if (codes.has(10000) || codes.has(10001) || codes.has(9109))
    return `the API token is not valid, is one for another account, or lacks the permission "${permission}"`;
  return `Cloudflare refuses ${path}: ${errors.map(({ code, message }) => `${message} (${code})`).join('; ')}`;
}

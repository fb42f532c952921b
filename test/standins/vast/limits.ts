/** The least seconds between two calls of a kind by one key, as published; `search` may be asked ten times a minute. */
const SECONDS: readonly (readonly [RegExp, number])[] = [
  [/^PUT \/api\/v0\/asks\/\d+\/$/, 4.5],
  [/^DELETE \/api\/v0\/instances\/(\d+\/)?$/, 3],
  [/^GET \/api\/v1\/instances\/$/, 1],
  [/^GET \/api\/v0\/instances\/\d+\/$/, 2],
  [/^PUT \/api\/v0\/instances\/\d+\/$/, 1],
  [/^PUT \/api\/v0\/instances\/$/, 1],
  [/^POST \/api\/v0\/instances\/start\/?$/, 2],
  [/^PUT \/api\/v0\/instances\/(reboot|recycle)\/\d+\/$/, 1],
  [/^PUT \/api\/v0\/instances\/bid_price\/\d+\/$/, 5.5],
  [/^DELETE \/api\/v0\/instances\/\d+\/ssh\/\d+\/$/, 2],
  [/^GET \/api\/v1\/invoices\/$/, 3],
  [/^(POST|PUT) \/api\/v0\/ssh\/$/, 1],
  [/^GET \/api\/v0\/charges\/$/, 1],
  [/^GET \/api\/v0\/metrics\//, 3],
  [/^GET \/api\/v0\/machines\/\d+\/reports\/$/, 1.2],
];
const SEARCHES: ReadonlySet<string> = new Set(['POST /api/v0/bundles/', 'PUT /api/v0/search/asks/']);
const SEARCHES_A_MINUTE = 10;

/** Whether a call comes too early, and then what its threshold is. A refused call is not counted. */
export function openLimits(now: () => number): (call: string, key: string) => number | null {
  const last = new Map<string, number>();
  const searches = new Map<string, number[]>();
  return (call, key) => {
    if (SEARCHES.has(call)) {
      const recent = (searches.get(key) ?? []).filter((at) => now() - at < 60_000);
      if (recent.length >= SEARCHES_A_MINUTE) return 60 / SEARCHES_A_MINUTE;
      searches.set(key, [...recent, now()]);
      return null;
    }
    const found = SECONDS.find(([route]) => route.test(call));
    if (!found) return null;
    const [route, seconds] = found;
    const line = `${key} ${route}`;
    if (now() - (last.get(line) ?? Number.NEGATIVE_INFINITY) < seconds * 1_000) return seconds;
    last.set(line, now());
    return null;
  };
}

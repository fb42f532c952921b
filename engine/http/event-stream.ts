/** A line that says nothing keeps proxies from closing a quiet stream, and lets each side notice that the other is gone. */
const PING_MS = 15_000;
/** How long a browser waits before it connects again by itself. */
const RETRY_MS = 1_000;

/** So long after it was seen that they may listen, nothing more is told before it is seen again. */
const CHECK_MS = 2_000;

interface Streamed {
  readonly id: string | number;
  readonly body: object;
}

/**
 * Server-sent events. Each carries where it stands, so that a client that lost the connection says from where to go on. It ends when
 * `mayListen` says so: a login or a token can end while its stream is open.
 */
export function eventStream(
  tell: (signal: AbortSignal) => AsyncIterable<Streamed>,
  mayListen: () => Promise<boolean>,
  closing: AbortSignal,
  now: () => number = Date.now,
): Response {
  const left = new AbortController();
  const signal = AbortSignal.any([left.signal, closing]);
  const source = tell(signal)[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  let next: Promise<IteratorResult<Streamed>> | null = null;
  let seenAt = now();

  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n\n`)),
    async pull(controller) {
      next ??= source.next();
      try {
        const step = await orQuiet(next, PING_MS);
        if (step === null || now() - seenAt >= CHECK_MS) {
          if (!(await mayListen())) {
            left.abort();
            return controller.close();
          }
          seenAt = now();
        }
        if (step === null) return controller.enqueue(encoder.encode(': quiet\n\n'));
        next = null;
        if (step.done) return controller.close();
        controller.enqueue(encoder.encode(`id: ${step.value.id}\ndata: ${JSON.stringify(step.value.body)}\n\n`));
      } catch (thrown) {
        // A stream that is told to end is not an error; the client comes back to another engine with the last number.
        if (signal.aborted) controller.close();
        else throw thrown;
      }
    },
    cancel: () => left.abort(),
  });
  return new Response(stream, { headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' } });
}

async function orQuiet<T>(wanted: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const quiet = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, ms, null);
  });
  try {
    return await Promise.race([wanted, quiet]);
  } finally {
    clearTimeout(timer);
  }
}

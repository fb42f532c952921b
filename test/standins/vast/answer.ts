/** What is sent back. `lost`: it is done, and the connection breaks before anybody hears of it. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly lost?: boolean;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  readonly key: string;
  /** The one machine that a machine's own key is for; null for a key of the account. */
  readonly only: number | null;
  /** Where this server is reached. */
  readonly origin: string;
}

export const ok = (body: unknown): Answer => ({ status: 200, text: JSON.stringify(body) });

export class Refusal extends Error {
  readonly status: number;
  readonly error: string;
  readonly more: Readonly<Record<string, unknown>>;

  constructor(status: number, error: string, msg: string, more: Readonly<Record<string, unknown>> = {}) {
    super(msg);
    this.status = status;
    this.error = error;
    this.more = more;
  }
}

/** Vast words its errors in several ways; which one comes is chance. */
export function refused({ status, error, message, more }: Refusal, style: number, text: boolean): Answer {
  if (text) return { status, text: message };
  const body =
    style < 0.7
      ? { success: false, error, msg: message, ...more }
      : style < 0.85
        ? { error, msg: message, ...more }
        : { success: false, error, message, ...more };
  return { status, text: JSON.stringify(body) };
}

export function tooEarly(seconds: number, style: number): Answer {
  const words = `API requests too frequent: endpoint threshold=${seconds}`;
  if (style < 0.4) return { status: 429, text: words };
  const body = style < 0.7 ? { detail: words } : { success: false, error: 'rate_limit_exceeded', msg: words };
  return { status: 429, text: JSON.stringify(body) };
}

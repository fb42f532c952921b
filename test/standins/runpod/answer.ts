/** What the API says, before it becomes HTTP. Null: it never says anything. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Server-sent events, after which the stream stays open. */
  readonly events?: readonly object[];
}

/** RFC 9457, as RunPod writes it. */
export class Problem extends Error {
  readonly status: number;
  readonly errors: readonly string[] | undefined;

  constructor(status: number, detail: string, errors?: readonly string[]) {
    super(detail);
    this.status = status;
    this.errors = errors;
  }

  get answer(): Answer {
    const title = TITLES[this.status] ?? 'Error';
    const body = { title, status: this.status, detail: this.message, ...(this.errors && { errors: this.errors }) };
    return { status: this.status, body, headers: { 'content-type': 'application/problem+json' } };
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  422: 'Unprocessable Entity',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
};

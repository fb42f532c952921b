/** Cloudflare wraps every answer in the same envelope. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export class Refusal extends Error {
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function ok(result: unknown, info?: Readonly<Record<string, unknown>>): Answer {
  const body = { success: true, errors: [], messages: [], result, ...(info ? { result_info: info } : {}) };
  return { status: 200, body };
}

export function page(all: readonly unknown[], query: URLSearchParams): Answer {
  const per_page = Number(query.get('per_page') ?? 20);
  const number = Number(query.get('page') ?? 1);
  const result = all.slice((number - 1) * per_page, number * per_page);
  return ok(result, {
    page: number,
    per_page,
    count: result.length,
    total_count: all.length,
    total_pages: Math.ceil(all.length / per_page),
  });
}

export function refused({ status, code, message }: { status: number; code: number; message: string }): Answer {
  return { status, body: { success: false, errors: [{ code, message }], messages: [], result: null } };
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** As Google APIs write it. */
export class Refusal extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }

  get answer(): Answer {
    const { status: code, reason, message } = this;
    return { status: code, body: { error: { code, message, errors: [{ message, domain: 'global', reason }] } } };
  }
}

import type { Fault } from './schema.ts';

/** How Discord says no. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: object;

  constructor(status: number, code: number, message: string, errors?: object) {
    super(message);
    this.status = status;
    this.body = { message, code, ...(errors && { errors }) };
  }
}

export function refuse(faults: readonly Fault[]): void {
  if (faults.length === 0) return;
  const errors = Object.fromEntries(
    faults.map(({ path, message }) => [path || '_', { _errors: [{ code: 'BASE_TYPE_BAD_LENGTH', message }] }]),
  );
  throw new Refusal(400, 50_035, 'Invalid Form Body', errors);
}

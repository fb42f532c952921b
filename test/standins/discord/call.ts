import type { File } from './answers.ts';
import type { State } from './state.ts';

export interface Call {
  readonly state: State;
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly files: readonly File[];
  readonly gatewayUrl: () => string;
}
export interface Answered {
  readonly status: number;
  readonly json: object | null;
}

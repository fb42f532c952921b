/** One measurement: what it shows, and how it is taken. */
export interface Bench {
  run(say: (line: string) => void, asked: Asked): Promise<readonly Table[]>;
}

/** What whoever measures chose. */
export interface Asked {
  /** How large a workspace is to be; null: one that any computer has room for. */
  readonly sizeBytes: number | null;
  /** How far away storage is; null: near and far, in turns. */
  readonly latencyMs: number | null;
  /** Where files are brought back to; null: beside the others. */
  readonly into: string | null;
  /** Nothing of what is read lies in the system's cache before. */
  readonly cold: boolean;
}

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  /** The target, and whether it was met. */
  readonly note?: string;
}

/** A target and what was measured, in one line. */
export function target(what: string, measured: number, limit: number, unit: string): string {
  return `target: ${what} under ${limit} ${unit}; measured ${measured.toFixed(measured >= 10 ? 0 : 2)} ${unit}: ${measured < limit ? 'met' : 'MISSED'}`;
}

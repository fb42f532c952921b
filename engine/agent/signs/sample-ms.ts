/** From one look at the machine to the next. */
export const SAMPLE_MS = 5_000;

/** As a shell says it of a program that was ended by Ctrl-C. */
export const INTERRUPTED = 130;

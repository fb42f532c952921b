/** A path of the machine as the engine wants it: relative to the root. */
export const below = (path: string): string => path.trim().replace(/^\/+|\/+$/g, '');

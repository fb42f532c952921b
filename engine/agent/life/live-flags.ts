/** It lives beside people's work for weeks, and whatever is large is done by others. */
export const LIVE_FLAGS: readonly string[] = ['--max-old-space-size=48', '--max-semi-space-size=1'];

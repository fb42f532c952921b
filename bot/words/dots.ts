/** What a workspace is doing, at a glance. */
export const DOT = {
  asleep: '⚫',
  waking: '🔵',
  usable: '🟢',
  awake: '🟢',
  'going to sleep': '🟠',
  paused: '⏸️',
  stranded: '🔴',
} as const;

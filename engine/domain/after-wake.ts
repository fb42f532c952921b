/** The command after wake has a name that lasts as long as the claim, so that it runs once. */
export const afterWakeJob = (epoch: number): string => `${AFTER_WAKE}${epoch}`;

/** It may be a server that never ends, so that it runs is no sign that somebody is at work. */
export const isAfterWakeJob = (id: string): boolean => id.startsWith(AFTER_WAKE);

const AFTER_WAKE = 'after-wake-';

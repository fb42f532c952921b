import type { Guild, Panel } from '../../engine/domain/discord.ts';
import type { Operation } from '../../engine/domain/operation.ts';

/** What a panel is before Discord has it. */
export type Opening = Omit<Panel, 'version' | 'message' | 'openedAt' | 'postedAt' | 'closedAt'>;

/** What Dumont says by itself. */
export const TOLD: ReadonlySet<Panel['kind']> = new Set(['warning', 'alert']);
/** Closed because Discord did not let us write there, and not because it was over. */
export const isShutOut = ({ closedAt, facts }: Panel): boolean => closedAt !== null && facts.shut === true;
export const isPast = ({ facts }: Panel): boolean => Boolean(facts.resolved ?? facts.ended);

/** The one that shows what somebody asked for. */
export const panelOf = (operation: string): string => `p-${operation}`;

export const operationPanel = (operation: Operation, guild: Guild, channel: string, user: string | null): Opening => ({
  id: panelOf(operation.id),
  kind: 'operation',
  guild: guild.id,
  channel: guild.channel ?? channel,
  workspace: operation.workspace,
  operation: operation.id,
  user,
  facts: {},
});

export const auditPanel = (
  id: string,
  guild: Guild,
  channel: string,
  user: string,
  facts: Opening['facts'],
): Opening => ({
  id: `n-${id}`,
  kind: 'audit',
  guild: guild.id,
  channel,
  workspace: null,
  operation: null,
  user,
  facts,
});

export const statusPanel = (guild: Guild, channel: string): Opening => ({
  id: `s-${channel}`,
  kind: 'status',
  guild: guild.id,
  channel,
  workspace: null,
  operation: null,
  user: null,
  facts: {},
});

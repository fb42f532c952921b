import { ALERTS } from '../../engine/domain/alert.ts';
import type { Talk } from '../../engine/domain/events.ts';
import { command } from '../command.ts';
import type { Alerted } from '../panels/noted.ts';

export const alerts = command({
  path: 'alerts',
  verb: 'status',
  say: { en: 'What is wrong right now', pt: 'O que está errado agora' },
  async run({ engine, panels, guild, words, now }) {
    const raised = (await engine.alerts(null)).filter(({ resolvedAt }) => resolvedAt === null);
    const open = raised.map(({ kind, workspace, why, raisedAt }) => {
      const talk: Talk = { event: 'alert.raised', workspace: workspace ?? '', kind, why, mend: ALERTS[kind].en };
      return { workspace, at: raisedAt, talk, link: null };
    });
    // What is told of a machine is no row of the engine's; it is known by its message here.
    const mine = new Set((await engine.status(null)).map(({ workspace }) => workspace.id));
    const told = (await panels.openOnes()).filter(
      ({ kind, workspace }) => kind === 'alert' && mine.has(workspace ?? ''),
    );
    const others = told.flatMap(({ facts, guild: where, workspace, channel, message }) => {
      const { talk, at } = facts as unknown as Alerted;
      const known =
        talk.event === 'alert.raised' && raised.some((one) => one.kind === talk.kind && one.workspace === workspace);
      const link = message === null ? null : `https://discord.com/channels/${where}/${channel}/${message}`;
      return where === guild.id && !known ? [{ workspace, at, talk, link }] : [];
    });
    return words.answer.alerts([...open, ...others], now);
  },
});

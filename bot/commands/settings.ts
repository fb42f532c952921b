import type { Guild } from '../../engine/domain/discord.ts';
import { Failure } from '../../engine/domain/failures.ts';
import { channel, command, LANGUAGES, role, text } from '../command.ts';

export const settings = command({
  path: 'settings',
  verb: null,
  say: {
    en: 'Where Dumont writes here, in which language, and whom it rings',
    pt: 'Onde o Dumont escreve aqui, em que língua, e quem ele chama',
  },
  changes: (options) => Object.keys(options).length > 0,
  options: {
    channel: channel({ en: 'For panels, warnings and alerts', pt: 'Para painéis, avisos e alertas' }),
    audit: channel({ en: 'Where each accepted action is written down', pt: 'Onde cada ação aceita é anotada' }),
    ping: role({ en: 'Rung when something fails, and only then', pt: 'Chamado quando algo falha, e só então' }),
    language: text({ en: 'Of panels and alerts', pt: 'Dos painéis e alertas' }, { choices: LANGUAGES }),
    hears: text(
      { en: 'About which workspaces', pt: 'Sobre quais workspaces' },
      {
        choices: [
          { value: 'everything', say: { en: 'every one', pt: 'todos' } },
          { value: 'its own', say: { en: 'those last asked for here', pt: 'os pedidos por último aqui' } },
        ],
      },
    ),
    clear: text(
      { en: 'Not any longer', pt: 'Não mais' },
      {
        choices: [
          { value: 'channel', say: { en: 'the channel', pt: 'o canal' } },
          { value: 'audit', say: { en: 'the audit channel', pt: 'o canal de auditoria' } },
          { value: 'pingRole', say: { en: 'the role', pt: 'o cargo' } },
        ],
      },
    ),
  },
  async run({ deed, options, guild, settled, panels, moved, who, words, record }) {
    if (who.role !== 'admin') throw new Failure('forbidden', { account: who.name, verb: 'settings', needed: 'admin' });
    const { channel: place, audit, ping, language, hears, clear } = options;
    const to: Partial<Guild> = {
      ...(place !== undefined && { channel: place }),
      ...(audit !== undefined && { audit }),
      ...(ping !== undefined && { pingRole: ping }),
      ...((language === 'en' || language === 'pt') && { language }),
      ...((hears === 'everything' || hears === 'its own') && { hears }),
      ...(clear !== undefined && { [clear]: null }),
    };
    const names = Object.keys(to);
    if (names.length > 0) await record('settings', `discord server ${guild.id}`, names.join(', '));
    const now = names.length === 0 ? guild : await settled.change(guild.id, to);
    moved(guild, now);
    if (place !== undefined) await panels.letIn(guild.id);
    return words.answer.settings(now, names.length > 0, deed.mute.find((role) => role === ping) ?? null);
  },
});

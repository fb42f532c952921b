import type { Guild } from '../engine/domain/discord.ts';
import type { confirmations } from './confirmations.ts';
import type { Pressed } from './custom-id.ts';
import type { Message } from './discord/message.ts';
import type { Deed, Values } from './interaction.ts';
import type { Words } from './words/words.ts';

interface Press {
  readonly pressed: Pressed;
  readonly asked: ReturnType<typeof confirmations>;
  readonly runCommand: (path: string, options: Values, deed: Deed, guild: Guild) => Promise<Message>;
  readonly runConfirmed: (id: string, path: string, options: Values, deed: Deed, guild: Guild) => Promise<Message>;
  readonly followOperation: (id: string, deed: Deed, guild: Guild) => Promise<Message>;
  readonly deed: Deed;
  readonly guild: Guild;
  readonly words: Words;
  readonly now: number;
}

/** A button is a command that somebody need not type. */
export async function pressedButtons(press: Press): Promise<Message> {
  const { pressed, asked, runCommand, runConfirmed, followOperation, deed, guild, words, now } = press;
  switch (pressed.does) {
    case 'confirm': {
      const { id, path, options } = await asked.use(pressed.confirmation, deed, null, now, words);
      return await runConfirmed(id, path, options, deed, guild);
    }
    case 'cancel':
      await asked.drop(pressed.confirmation, deed, now, words);
      return { content: words.confirm.cancelled, embeds: [], components: [] };
    case 'keep':
      return await runCommand('keep', { workspace: pressed.workspace, for: `${pressed.minutes}m` }, deed, guild);
    case 'hibernate':
      return await runCommand('hibernate', { workspace: pressed.workspace }, deed, guild);
    case 'wake':
      return await runCommand('wake', { workspace: pressed.workspace }, deed, guild);
    case 'logs':
      return await runCommand('logs', { workspace: pressed.workspace }, deed, guild);
    case 'ssh':
      return await runCommand('ssh', { workspace: pressed.workspace }, deed, guild);
    case 'follow':
      return await followOperation(pressed.operation, deed, guild);
    case 'page':
      return await runCommand(pressed.path, { workspace: pressed.workspace, page: pressed.page }, deed, guild);
    case 'type':
    case 'typed':
      return { content: words.say.oldButton };
  }
}

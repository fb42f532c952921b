import type { APIModalInteractionResponseCallbackData } from 'discord-api-types/v10';
import type { Log } from '../engine/domain/ports.ts';
import { fitted, type Message, PRIVATE } from './discord/message.ts';
import type { Discord } from './discord/rest.ts';
import { CODE, codeOf, waitMsOf, wordsOf } from './discord/trouble.ts';
import type { Deed } from './interaction.ts';

/**
 * What a handler may say back, and no more, so that it does not matter which way the question came. Nothing here rejects:
 * Discord losing an answer must not stop the work, nor start it twice.
 */
export interface Reply {
  /** "Thinking", for one person. False: it is too late, and Discord has told them that it failed. */
  defer(): Promise<boolean>;
  /** The press is taken; what is private is edited in place. */
  deferUpdate(): Promise<boolean>;
  modal(modal: APIModalInteractionResponseCallbackData): Promise<void>;
  choices(choices: readonly Choice[]): Promise<void>;
  /** Replaces what one person sees. */
  show(message: Message): Promise<void>;
}

export interface Choice {
  readonly name: string;
  readonly value: string | number;
}

const DEFERRED = 5;
const DEFERRED_UPDATE = 6;
const CHOICES = 8;
const MODAL = 9;
const CHOICES_MAX = 25;

export function replyTo(deed: Deed, discord: Discord, log: Log): Reply {
  async function call(body: object): Promise<boolean> {
    try {
      await discord.callback(deed.id, deed.token, body);
      return true;
    } catch (cause) {
      const facts = { interaction: deed.id, why: wordsOf(cause) };
      if (codeOf(cause) === CODE.unknownInteraction) {
        log('discord.answered_too_late', { ...facts, ms: Date.now() - deed.at }, 'WARNING');
        return false;
      }
      // Acknowledged before, or the answer to the acknowledgement was lost: the question stands either way.
      if (codeOf(cause) !== CODE.acknowledged) log('discord.callback_failed', facts, 'WARNING');
      return true;
    }
  }

  return {
    defer: async () => await call({ type: DEFERRED, data: { flags: PRIVATE } }),
    deferUpdate: async () => await call({ type: DEFERRED_UPDATE }),
    modal: async (data) => void (await call({ type: MODAL, data })),
    choices: async (choices) => void (await call({ type: CHOICES, data: { choices: choices.slice(0, CHOICES_MAX) } })),
    async show(message) {
      try {
        await discord.editAnswer(deed.application, deed.token, fitted(message));
      } catch (cause) {
        const level = waitMsOf(cause) === null && codeOf(cause) !== CODE.tokenEnded ? 'WARNING' : 'INFO';
        log('discord.answer_not_shown', { interaction: deed.id, why: wordsOf(cause) }, level);
      }
    },
  };
}

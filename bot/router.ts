import type { APIInteraction } from 'discord-api-types/v10';
import type { Guild } from '../engine/domain/discord.ts';
import { Failure, isFailure, reasonOf } from '../engine/domain/failures.ts';
import { createCalls, type House } from './calls.ts';
import { COMMANDS } from './commands.ts';
import { confirmations } from './confirmations.ts';
import { customId, readCustomId } from './custom-id.ts';
import type { Message } from './discord/message.ts';
import { type Deed, languageOf, readInteraction, type Values } from './interaction.ts';
import { pressedButtons } from './pressed.ts';
import { referenceOf, refusal } from './refusal.ts';
import { type Reply, replyTo } from './reply.ts';
import { suggestions } from './suggest.ts';
import { wordsIn } from './words/words.ts';

const RECENT_MAX = 10_000;

/** Takes whatever Discord sends: acknowledged first, then worked on. Nothing it does rejects. False: we were stopped over it. */
export function createRouter(house: House, signal: AbortSignal): (raw: APIInteraction) => Promise<boolean> {
  const { clock, log, discord, memory } = house;
  const asked = confirmations(house.store);
  const calls = createCalls(house, asked, signal);
  /** Delivered again while we are here: the first is at it, or was. */
  const recent = new Set<string>();

  return async (raw) => {
    try {
      if (recent.has(raw.id)) {
        log('discord.heard_twice', { interaction: raw.id }, 'DEBUG');
        return true;
      }
      recent.add(raw.id);
      if (recent.size > RECENT_MAX) recent.delete([...recent][0] ?? '');
      const deed = readInteraction(raw);
      if (deed) await take(deed, replyTo(deed, discord, log));
      else await turnAway(raw);
    } catch (cause) {
      log('discord.lost', { interaction: raw.id, why: reasonOf(cause), stack: stackOf(cause) }, 'ERROR');
    }
    return !signal.aborted;
  };

  async function take(deed: Deed, reply: Reply): Promise<void> {
    const words = wordsIn(deed.language);
    const { what } = deed;
    switch (what.kind) {
      case 'suggest': {
        const command = COMMANDS.get(what.path);
        const who = memory.whose(deed.user);
        await reply.choices(command && who ? suggestions({ command, ...what }, who, memory, words, clock.now()) : []);
        return house.acknowledged(clock.now() - deed.at);
      }
      case 'command':
        return await work(
          deed,
          reply,
          reply.defer,
          async (guild) => await runCommand(what.path, what.options, deed, guild),
        );
      case 'press': {
        const pressed = readCustomId(what.customId);
        if (pressed?.does === 'type') return await reply.modal(words.modal(customId({ ...pressed, does: 'typed' })));
        const inPlace = what.isPrivate && pressed !== null && EDITS_IN_PLACE.has(pressed.does);
        return await work(deed, reply, inPlace ? reply.deferUpdate : reply.defer, async (guild) => {
          if (!pressed) return { content: words.say.oldButton };
          return await pressedButtons({
            pressed,
            asked,
            runCommand,
            runConfirmed,
            followOperation,
            deed,
            guild,
            words,
            now: clock.now(),
          });
        });
      }
      case 'submit': {
        const pressed = readCustomId(what.customId);
        return await work(deed, reply, reply.defer, async (guild) => {
          if (pressed?.does !== 'typed') return { content: words.say.oldButton };
          const said = await asked.use(pressed.confirmation, deed, what.fields.name ?? '', clock.now(), words);
          return await runConfirmed(said.id, said.path, said.options, deed, guild);
        });
      }
    }
  }

  /** Acknowledges, works, and says how it went, whatever happens. */
  async function work(
    deed: Deed,
    reply: Reply,
    acknowledge: () => Promise<boolean>,
    act: (guild: Guild) => Promise<Message>,
  ): Promise<void> {
    const stands = await acknowledge();
    house.acknowledged(clock.now() - deed.at);
    if (!stands) return;
    try {
      const guild = await house.settled.of(deed.guild);
      if (guild.trouble !== null && guild.channel === deed.channel) await house.panels.letIn(guild.id);
      await reply.show(await warned(await act(guild), deed));
    } catch (cause) {
      if (signal.aborted) return;
      await reply.show(refusal(cause, deed, wordsIn(deed.language), memory, log));
    }
  }

  /** An admin is told with every answer, until somebody can be warned. */
  async function warned(answer: Message, deed: Deed): Promise<Message> {
    if (memory.whose(deed.user)?.role !== 'admin' || (await house.settled.anywhere())) return answer;
    return { ...answer, content: `${answer.content}\n-# ⚠️ ${wordsIn(deed.language).say.noChannel}` };
  }

  async function runCommand(path: string, options: Values, deed: Deed, guild: Guild): Promise<Message> {
    const command = COMMANDS.get(path);
    if (!command) return { content: wordsIn(deed.language).say.noCommand(path) };
    const call = await calls.of(command, options, deed, guild, deed.id);
    const noted = { guild, by: call.who.name, user: deed.user, path, options, id: deed.id };
    const answer = await command.run(call);
    if (command.changes(options) && !calls.isQuestion(answer)) house.auditPosts.note(noted, calls.begunBy(call));
    return answer;
  }

  /** They said that they are sure. It is written down where people see it first, or it is not done. */
  async function runConfirmed(
    confirmation: string,
    path: string,
    options: Values,
    deed: Deed,
    guild: Guild,
  ): Promise<Message> {
    const command = COMMANDS.get(path);
    if (!command?.confirmed) return { content: wordsIn(deed.language).say.oldButton };
    const call = await calls.of(command, options, deed, guild, confirmation);
    const noted = { guild, by: call.who.name, user: deed.user, path, options, id: confirmation };
    const went = await house.auditPosts.mustNote(noted);
    try {
      const answer = await command.confirmed(call);
      went({ began: calls.begunBy(call), refused: null });
      return { components: [], ...answer };
    } catch (cause) {
      went({ began: [], refused: `${calls.refusalOf(cause, guild)} (${referenceOf(deed.id)})` });
      throw cause;
    }
  }

  async function followOperation(id: string, deed: Deed, guild: Guild): Promise<Message> {
    const who = await house.accounts.byDiscord(deed.user);
    if (!who) throw new Failure('not_linked');
    return await calls.follow(await house.engineFor(who).operation(id), deed, guild, wordsIn(deed.language));
  }

  /** Not from a server the bot was invited to, or of a kind we do not know. */
  async function turnAway(raw: APIInteraction): Promise<void> {
    const words = wordsIn(languageOf('locale' in raw ? raw.locale : undefined));
    const data = { content: words.say.onlyInServers, flags: 64 };
    const body = raw.type === 4 ? { type: 8, data: { choices: [] } } : { type: 4, data };
    await discord.callback(raw.id, raw.token, body);
  }
}

const EDITS_IN_PLACE: ReadonlySet<string> = new Set(['confirm', 'cancel', 'page']);

function stackOf(cause: unknown): string {
  return cause instanceof Error && !isFailure(cause) ? (cause.stack ?? '') : '';
}

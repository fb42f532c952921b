import { reaches, roleOn, type Who } from '../engine/domain/account.ts';
import type { Guild } from '../engine/domain/discord.ts';
import type { Accounts, Audit, Engine } from '../engine/domain/doors.ts';
import { Failure, isFailure } from '../engine/domain/failures.ts';
import type { Operation } from '../engine/domain/operation.ts';
import type { Clock, Log, Store } from '../engine/domain/ports.ts';
import { VERBS } from '../engine/domain/verbs.ts';
import type { AuditPosts } from './audit-posts.ts';
import type { Call, Command } from './command.ts';
import type { confirmations } from './confirmations.ts';
import { customId } from './custom-id.ts';
import type { Diagnosis } from './diagnosis.ts';
import { button, COLOUR, type Message, plain, row } from './discord/message.ts';
import type { Discord } from './discord/rest.ts';
import type { Deed, Values } from './interaction.ts';
import type { Memory } from './memory.ts';
import { operationPanel } from './panels/openings.ts';
import { deedOf } from './panels/operation.ts';
import type { Panels } from './panels/panels.ts';
import { tellOld } from './placing.ts';
import type { Settled } from './settled.ts';
import { type Words, wordsIn } from './words/words.ts';

/** What the engine lends to the bot. */
export interface Lent {
  readonly engineFor: (who: Who) => Engine;
  readonly accounts: Accounts;
  readonly audit: Audit;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: (prefix: string) => string;
}

export interface House extends Lent {
  readonly discord: Discord;
  readonly memory: Memory;
  readonly panels: Panels;
  readonly settled: Settled;
  readonly auditPosts: AuditPosts;
  readonly diagnose: () => Promise<Diagnosis>;
  /** How long it took until a person saw that we are there. */
  readonly acknowledged: (ms: number) => void;
}

const STRANGER: Who = { name: 'nobody', role: 'viewer', workspaces: [], by: 'discord' };

/** What a command gets to work with: the engine as this person may use it, and ways to show, to ask and to follow. */
export function createCalls(house: House, questions: ReturnType<typeof confirmations>, signal: AbortSignal) {
  /** Answers that only ask: nothing was done yet. */
  const asking = new WeakSet<Message>();
  /** What each call began. */
  const begun = new WeakMap<object, string[]>();

  return {
    isQuestion: (answer: Message): boolean => asking.has(answer),
    begunBy: (call: object): readonly string[] => begun.get(call) ?? [],
    refusalOf(cause: unknown, { language }: Guild): string {
      const words = wordsIn(language);
      return isFailure(cause) ? words.failure(cause.code, cause.facts) : words.say.broken;
    },
    follow,
    async of(command: Command, options: Values, deed: Deed, guild: Guild, key: string): Promise<Call<Values>> {
      const who = (await house.accounts.byDiscord(deed.user)) ?? (command.linked ? null : STRANGER);
      if (!who) throw new Failure('not_linked');
      await mustBeAllowed(command, options, who);
      const words = wordsIn(deed.language);
      const engine = house.engineFor(who);
      const now = house.clock.now();
      const asked = { by: who.name, key: `discord:${key}`, from: `discord ${deed.user}` };
      const ids: string[] = [];
      const call: Call<Values> = {
        deed,
        options,
        who,
        engine,
        accounts: house.accounts,
        audit: house.audit,
        asked,
        words,
        guild,
        settled: house.settled,
        memory: house.memory,
        panels: house.panels,
        now,
        signal,
        async follow(operation) {
          ids.push(operation.id);
          return await follow(operation, deed, guild, words);
        },
        async confirm(question, typed = null, remember = {}, files = []) {
          const { id, expiresAt } = await questions.ask(deed, command.path, { ...options, ...remember }, typed, now);
          const asked = questionOf(question, id, typed, expiresAt, words);
          const message = files.length === 0 ? asked : { ...asked, files };
          asking.add(message);
          return message;
        },
        record: async (verb, on, result) =>
          await house.audit.record({ by: who.name, verb, on, result, why: '', from: asked.from }),
        moved: (before, after) => tellOld(before, after, house.discord, house.log),
        diagnose: house.diagnose,
      };
      begun.set(call, ids);
      return call;
    },
  };

  /** Refused before anything is asked or written down; what it then does is checked by the engine's own guard again. */
  async function mustBeAllowed({ verb }: Command, { workspace }: Values, who: Who): Promise<void> {
    const found = verb === null ? null : await house.store.read('workspaces', String(workspace ?? ''));
    const role = found && roleOn(who, found);
    if (!verb || !role || reaches(role, VERBS[verb].role)) return;
    throw new Failure('forbidden', { account: who.name, verb, needed: VERBS[verb].role });
  }

  async function follow(operation: Operation, deed: Deed, guild: Guild, words: Words): Promise<Message> {
    const panel = await house.panels.open(operationPanel(operation, guild, deed.channel, deed.user));
    const name = plain(operation.workspace);
    if (panel.message === null) return { content: words.say.panelNotPosted(name, operation.id) };
    return {
      content: words.say.follow(
        deedOf(operation),
        name,
        `https://discord.com/channels/${panel.guild}/${panel.channel}/${panel.message}`,
      ),
    };
  }
}

function questionOf(
  question: string,
  confirmation: string,
  typed: string | null,
  expiresAt: number,
  words: Words,
): Message {
  const yes = typed === null ? ('confirm' as const) : ('type' as const);
  return {
    content: question,
    embeds: [{ color: COLOUR.warn, description: words.confirm.until(Math.floor(expiresAt / 1_000), typed) }],
    components: [
      row(
        button(customId({ does: yes, confirmation }), words.button.confirm, 'danger'),
        button(customId({ does: 'cancel', confirmation }), words.button.cancel),
      ),
    ],
  };
}

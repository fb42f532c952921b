import type { APIMessage } from 'discord-api-types/v10';
import { type Draft, filled, newMessage } from './answers.ts';
import type { Answered, Call } from './call.ts';
import { Refusal, refuse } from './refusal.ts';
import { messageFaults } from './rules.ts';
import type { Interaction, State } from './state.ts';

/** What a bot may answer to an interaction, and when. */

const EPHEMERAL = 1 << 6;
const LOADING = 1 << 7;

interface Callback {
  readonly type: number;
  readonly data?: Draft & {
    readonly choices?: Interaction['choices'];
    readonly custom_id?: string;
    readonly title?: string;
    readonly components?: unknown;
  };
}

export function callback({ state, params: [id = '', token = ''], query, body, files }: Call): Answered {
  const found = state.interactions.get(id);
  if (!found || found.token !== token) throw new Refusal(404, 10_062, 'Unknown interaction');
  if (found.ackedAt !== null) throw new Refusal(400, 40_060, 'Interaction has already been acknowledged.');
  if (Date.now() - found.at > state.settings.ackMs) throw new Refusal(404, 10_062, 'Unknown interaction');
  const { type, data = {} } = body as Callback;
  const kind = (found.payload as { type: number }).type;
  if (!TAKES[kind]?.includes(type)) throw new Refusal(400, 50_035, `Type ${type} is no answer to this interaction`);
  if (type === 5 && ((data.flags ?? 0) & ~EPHEMERAL) !== 0)
    throw new Refusal(400, 50_035, 'Only the EPHEMERAL flag may be set here');
  if (type === 4 || type === 7) refuse(messageFaults(data as object, type === 4, files.length > 0));
  found.ackedAt = Date.now();
  found.ackType = type;
  found.files.push(...files);
  switch (type) {
    case 4:
    case 5:
      found.ephemeral = ((data.flags ?? 0) & EPHEMERAL) !== 0;
      found.original = newMessage(
        state,
        found.channel,
        type === 4 ? data : { flags: (data.flags ?? 0) | LOADING },
        files,
      );
      publish(state, found);
      break;
    case 7:
      change(state, found, data, files);
      break;
    case 8:
      found.choices = data.choices ?? [];
      break;
    case 9:
      found.modal = data as unknown as Interaction['modal'];
      break;
    default:
  }
  if (query.get('with_response') !== 'true') return { status: 204, json: null };
  return { status: 200, json: { interaction: { id, type: kind }, resource: { type, message: found.original } } };
}

/** By the type of the interaction: which callbacks answer it. */
const TAKES: Readonly<Record<number, readonly number[]>> = {
  2: [4, 5, 9],
  3: [4, 5, 6, 7, 9],
  4: [8],
  5: [4, 5, 6, 7],
};

export function editAnswer(call: Call): Answered {
  const { state, body, files } = call;
  const found = open(call);
  const draft = body as Draft;
  refuse(messageFaults(draft as object, false, files.length > 0));
  const which = call.params[2];
  if (which !== undefined) {
    const at = found.followUps.findIndex(({ id }) => id === which);
    const before = found.followUps[at];
    if (!before) throw new Refusal(404, 10_008, 'Unknown Message');
    found.followUps[at] = filled(before, draft, files);
    return { status: 200, json: found.followUps[at] as APIMessage };
  }
  return { status: 200, json: change(state, found, draft, files) };
}

export function findAnswer(call: Call): Answered {
  const found = open(call);
  const original = messageOf(call.state, found);
  return { status: 200, json: original };
}

export function removeAnswer(call: Call): Answered {
  open(call).original = null;
  return { status: 204, json: null };
}

export function followUp(call: Call): Answered {
  const { state, body, files, query } = call;
  const found = open(call);
  const draft = body as Draft;
  refuse(messageFaults(draft as object, true, files.length > 0));
  const message = newMessage(state, found.channel, draft, files);
  found.followUps.push(message);
  return query.get('wait') === 'true' ? { status: 200, json: message } : { status: 204, json: null };
}

function open({ state, params: [application = '', token = ''] }: Call): Interaction {
  const found = [...state.interactions.values()].find((one) => one.token === token);
  if (!found || application !== state.application) throw new Refusal(404, 10_015, 'Unknown Webhook');
  if (Date.now() - found.at > state.settings.tokenMs) throw new Refusal(401, 50_027, 'Invalid Webhook Token');
  if (found.ackedAt === null) throw new Refusal(404, 10_015, 'Unknown Webhook');
  return found;
}

function messageOf(state: State, found: Interaction): APIMessage {
  const { on } = found;
  const pressed = found.ackType === 6 || found.ackType === 7;
  const message =
    !pressed || !on
      ? found.original
      : on.of
        ? on.of.original
        : state.messages.get(on.channel)?.get(on.message)?.message;
  if (!message) throw new Refusal(404, 10_008, 'Unknown Message');
  return message;
}

/** Whatever the answer is: the message of its own, or the one whose button was pressed. */
function change(state: State, found: Interaction, draft: Draft, files: Call['files']): APIMessage {
  const before = messageOf(state, found);
  found.files.push(...files);
  const edited = new Date().toISOString();
  const after = { ...filled(before, draft, files), flags: (before.flags ?? 0) & ~LOADING, edited_timestamp: edited };
  const { on } = found;
  if ((found.ackType === 6 || found.ackType === 7) && on) {
    if (on.of) on.of.original = after;
    else {
      const whole = state.messages.get(on.channel)?.get(on.message);
      if (whole) state.messages.get(on.channel)?.set(on.message, { ...whole, message: after, edits: whole.edits + 1 });
    }
    return after;
  }
  found.original = after;
  publish(state, found);
  return after;
}

/** An answer that is not private stands in the channel. */
function publish(state: State, { ephemeral, original, channel }: Interaction): void {
  if (ephemeral || !original) return;
  const all = state.messages.get(channel) ?? new Map();
  state.messages.set(channel, all);
  all.set(original.id, {
    message: original,
    nonce: null,
    sentAt: Date.now(),
    pinged: [],
    files: [],
    edits: 0,
    editedAt: [],
  });
}

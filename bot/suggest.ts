import type { Who } from '../engine/domain/account.ts';
import { reaches, roleOn } from '../engine/domain/account.ts';
import { scheduleWords } from '../engine/domain/schedule.ts';
import { VERBS } from '../engine/domain/verbs.ts';
import type { Command, Suggests } from './command.ts';
import type { Values } from './interaction.ts';
import type { Memory } from './memory.ts';
import type { Choice } from './reply.ts';
import type { Words } from './words/words.ts';

const CHOICES_MAX = 25;
const NAME_MAX = 100;

interface Asked {
  readonly command: Command;
  readonly option: string;
  readonly typed: string;
  readonly options: Values;
}

/** What fits what was typed so far, of what this person may use this command on. Values are stable ids. */
export function suggestions(
  { command, option, typed, options }: Asked,
  who: Who,
  memory: Memory,
  words: Words,
  now: number,
): readonly Choice[] {
  const kind = command.options[option]?.suggests;
  if (!kind) return [];
  const wanted = typed.trim().toLowerCase();
  return candidates(kind, command, who, memory, words, String(options.workspace ?? ''), now)
    .filter(({ name, value }) => `${name} ${value}`.toLowerCase().includes(wanted))
    .slice(0, CHOICES_MAX)
    .map(({ name, value }) => ({ name: name.length > NAME_MAX ? `${name.slice(0, NAME_MAX - 1)}…` : name, value }));
}

function candidates(
  kind: Suggests,
  command: Command,
  who: Who,
  memory: Memory,
  words: Words,
  workspace: string,
  now: number,
): readonly Choice[] {
  const { verb } = command;
  const usable = memory.workspaces(who).filter((one) => {
    const role = roleOn(who, one.workspace);
    return role !== null && (verb === null || reaches(role, VERBS[verb].role));
  });
  switch (kind) {
    case 'workspace':
    case 'awake':
    case 'asleep':
      return usable
        .filter(
          ({ sight }) => kind === 'workspace' || (kind === 'asleep') === (sight === 'asleep' || sight === 'paused'),
        )
        .map(({ workspace: { id, spec }, sight, machine }) => {
          const gpu = machine?.offer.gpu ?? spec.need.gpu;
          return { name: [id, words.sight[sight], ...(gpu === undefined ? [] : [gpu])].join(' · '), value: id };
        });
    case 'snapshot':
      return memory.snapshots(who, workspace).map((one) => ({
        name: [
          words.ago(now - one.createdAt),
          one.description || words.kind[one.kind],
          words.bytes(one.sizeBytes),
          one.id.slice(0, 8),
        ].join(' · '),
        value: one.id.slice(0, 16),
      }));
    case 'gpu':
      return [
        ...new Set(memory.workspaces(who).flatMap((one) => [one.machine?.offer.gpu, one.workspace.spec.need.gpu])),
      ]
        .filter((gpu) => gpu !== undefined)
        .map((gpu) => ({ name: gpu, value: gpu }));
    case 'account': {
      if (who.role === 'admin')
        return memory.accounts().map(({ id, role }) => ({ name: `${id} · ${words.role[role]}`, value: id }));
      // Whoever shares a workspace needs names; what these may do elsewhere is not theirs to see.
      const mayShare = verb === 'share' && usable.some((one) => one.workspace.id === workspace);
      return mayShare ? memory.accounts().map(({ id }) => ({ name: id, value: id })) : [];
    }
    case 'schedule': {
      const place = usable.find((one) => one.workspace.id === workspace)?.workspace;
      return (place?.schedules ?? []).map((one) => ({
        name: `${one.want === 'awake' ? '☀️' : '🌙'} ${scheduleWords(one)} · ${one.id}`,
        value: one.id,
      }));
    }
    case 'budget':
      return memory.budgets(who).map((one) => ({ name: words.money.cap(one).replaceAll('**', ''), value: one.id }));
    case 'report':
      return memory.reports(who).map(({ id, every, time, zone, workspace: of }) => ({
        name: [words.money.report[every], `${time} ${zone}`, of ?? words.label.everything, id].join(' · '),
        value: id,
      }));
    case 'token':
      return memory.tokens(who).map(({ id, name, role }) => ({
        name: `${name} · ${words.role[role]} · ${id}`,
        value: id,
      }));
    case 'operation':
      return memory
        .operations(who)
        .map(({ id, verb: does, workspace: name }) => ({ name: `${does} ${name} · ${id}`, value: id }));
  }
}

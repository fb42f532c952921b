import type { Panel } from '../../engine/domain/discord.ts';
import type { Operation } from '../../engine/domain/operation.ts';
import { clip, code, plain, QUIET } from '../discord/message.ts';
import type { Words } from '../words/words.ts';
import type { Audited } from './noted.ts';
import type { Drawn, Sheet } from './panels.ts';

const VALUE_MAX = 100;
const RESULT_MAX = 300;
/** Whoever began it was stopped before it could be written down what came of it. */
const UNKNOWN_AFTER_MS = 15 * 60_000;

/** Who did what, and how it went as soon as that is known. */
export async function drawAudit(panel: Panel, { engine, words, now }: Sheet): Promise<Drawn> {
  const audited = panel.facts as unknown as Audited;
  const { refused, began, key } = audited;
  if (refused !== null) return drawn(panel, words, `❌ ${refused}`, true);
  if (began !== null && began.length === 0) return drawn(panel, words, words.say.done, true);
  const operations = await Promise.all(
    began === null
      ? (await engine.operations(null)).filter((one) => one.key === key || one.key?.startsWith(`${key}:`))
      : began.map(async (id) => await engine.operation(id)),
  );
  if (operations.length === 0) {
    const isLate = now - panel.openedAt > UNKNOWN_AFTER_MS;
    return drawn(panel, words, isLate ? words.say.unknownEnd : words.say.begun, isLate);
  }
  const last = operations.every(({ outcome }) => outcome !== null);
  return drawn(panel, words, operations.map((one) => resultOf(one, words)).join(' · '), last);
}

/** Also as it is written before it is done. */
export function auditMessage({ user, facts }: Pick<Panel, 'user' | 'facts'>, words: Words, result: string) {
  const { by, path, options, confirmed } = facts as unknown as Audited;
  const given = Object.entries(options).map(([name, value]) => `${name}:${code(String(value)).slice(0, VALUE_MAX)}`);
  const who = `**${plain(by)}** (<@${user}>)`;
  return {
    content: `${confirmed ? '⚠️' : '▫️'} ${who} \`/${[path, ...given].join(' ')}\`${confirmed ? ` · ${words.say.confirmed}` : ''} → ${plain(result)}`,
    allowed_mentions: { parse: [] },
    flags: QUIET,
  };
}

const drawn = (panel: Panel, words: Words, result: string, last: boolean): Drawn => ({
  message: auditMessage(panel, words, result),
  last,
});

/** What failed is found in the log under the name of its operation. */
function resultOf({ id, outcome }: Operation, words: Words): string {
  if (outcome === null) return words.say.begunAs(id);
  return `${outcome.ok ? '✅' : '❌'} ${clip(words.outcome(outcome), RESULT_MAX)} (${id})`;
}

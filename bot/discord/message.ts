import type {
  APIActionRowComponent,
  APIButtonComponent,
  APIEmbed,
  APIEmbedField,
  APIMessageTopLevelComponent,
} from 'discord-api-types/v10';

/** A message as we send it. One plain line always says the most important thing: some people have embeds turned off. */
export interface Message {
  readonly content: string;
  readonly embeds?: APIEmbed[];
  readonly components?: APIMessageTopLevelComponent[];
  readonly allowed_mentions?: { readonly parse?: never[]; readonly roles?: string[]; readonly users?: string[] };
  readonly files?: readonly FileOf[];
  readonly flags?: number;
}

export interface FileOf {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly type: string;
  /** For whoever cannot see it. */
  readonly description?: string;
}

/** Answers that only one person sees. */
export const PRIVATE = 1 << 6;
/** Nobody's telephone rings. */
export const QUIET = 1 << 12;

const CONTENT_MAX = 2_000;
const TITLE_MAX = 256;
const DESCRIPTION_MAX = 4_096;
const FIELDS_MAX = 25;
const FIELD_NAME_MAX = 256;
const FIELD_VALUE_MAX = 1_024;
const FOOTER_MAX = 2_048;
const EMBED_TOTAL = 6_000;
const LABEL_MAX = 80;

/** Never longer than Discord takes, whatever names and errors came in. */
export function fitted(message: Message): Message {
  let left = EMBED_TOTAL;
  const take = (text: string, max: number): string => {
    const kept = clip(text, Math.max(1, Math.min(max, left)));
    left -= kept.length;
    return kept;
  };
  const embeds = message.embeds?.map((embed) => {
    const title = embed.title === undefined ? undefined : take(embed.title, TITLE_MAX);
    const footer = embed.footer && { ...embed.footer, text: take(embed.footer.text, FOOTER_MAX) };
    const description = embed.description === undefined ? undefined : take(embed.description, DESCRIPTION_MAX);
    const fields = embed.fields?.slice(0, FIELDS_MAX).flatMap((field) => {
      if (left < FIELD_LEAST) return [];
      return [{ ...field, name: take(field.name, FIELD_NAME_MAX), value: take(field.value, FIELD_VALUE_MAX) }];
    });
    return {
      ...embed,
      ...(title !== undefined && { title }),
      ...(description !== undefined && { description }),
      ...(fields && { fields }),
      ...(footer && { footer }),
    };
  });
  return { ...message, content: clip(message.content, CONTENT_MAX), ...(embeds && { embeds }) };
}

const FIELD_LEAST = 40;

/** Cut where people read on least; an open code block is closed again. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  const fence = '\n```';
  const cut = text.slice(0, max - 1);
  const open = cut.split('```').length % 2 === 0;
  if (!open) return `${whole(cut)}…`;
  const room = Math.max(0, max - fence.length - 1);
  return max > fence.length + 4 ? `${whole(text.slice(0, room))}…${fence}` : `${whole(cut)}…`;
}

/** Never half of a character that takes two. */
const whole = (text: string): string => text.replace(/[\uD800-\uDBFF]$/, '');

export const row = (...buttons: readonly APIButtonComponent[]): APIActionRowComponent<APIButtonComponent> => ({
  type: 1,
  components: buttons.map(
    (button) =>
      ({ ...button, ...('label' in button && { label: clip(button.label ?? '', LABEL_MAX) }) }) as APIButtonComponent,
  ),
});

export type Tone = 'plain' | 'main' | 'good' | 'danger';
const STYLE = { main: 1, plain: 2, good: 3, danger: 4 } as const;

export function button(customId: string, label: string, tone: Tone = 'plain', disabled = false): APIButtonComponent {
  return { type: 2, style: STYLE[tone], custom_id: customId, label, ...(disabled && { disabled }) };
}

export function field(name: string, value: string, inline = true): APIEmbedField {
  return { name, value: value === '' ? '–' : value, inline };
}

export const COLOUR = { calm: 0x5865f2, good: 0x3ba55d, warn: 0xfaa61a, bad: 0xed4245, dim: 0x80848e } as const;

/** Somebody's words, so that they look as they were written and ring nobody. */
export function plain(text: string): string {
  return text
    .replace(/([\\*_~`|[\]])/g, '\\$1')
    .replace(/^(\s*)([>#-])/gm, '$1\\$2')
    .replace(/@/g, '@\u200b')
    .replace(/<(?=[@#:/t])/g, '<\u200b')
    .replace(/https?:\/\//g, (scheme) => `${scheme}\u200b`);
}

/** The same inside a code block, where only its end means something. */
export function code(text: string): string {
  return text.replaceAll('`', 'ˋ').replace(/\r/g, '');
}

export const block = (text: string, language = ''): string => `\`\`\`${language}\n${code(text) || ' '}\n\`\`\``;

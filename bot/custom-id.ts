/**
 * What a button does is written on the button, so that it works after any restart. The version stands first: a button
 * that an older Dumont drew is answered in words and never misread.
 */
export type Pressed =
  | { readonly does: 'confirm' | 'cancel' | 'type' | 'typed'; readonly confirmation: string }
  | { readonly does: 'keep'; readonly workspace: string; readonly minutes: number }
  | { readonly does: 'hibernate' | 'wake' | 'logs' | 'ssh'; readonly workspace: string }
  | { readonly does: 'follow'; readonly operation: string }
  | { readonly does: 'page'; readonly path: string; readonly workspace: string; readonly page: number };

const VERSION = 'v1';
const CUSTOM_ID_MAX = 100;

export function customId(pressed: Pressed): string {
  const id = [VERSION, pressed.does, ...wordsOf(pressed)].join(':');
  if (id.length > CUSTOM_ID_MAX) throw new RangeError(`a custom id of ${id.length} characters`);
  return id;
}

function wordsOf(pressed: Pressed): readonly (string | number)[] {
  switch (pressed.does) {
    case 'confirm':
    case 'cancel':
    case 'type':
    case 'typed':
      return [pressed.confirmation];
    case 'keep':
      return [pressed.workspace, pressed.minutes];
    case 'hibernate':
    case 'wake':
    case 'logs':
    case 'ssh':
      return [pressed.workspace];
    case 'follow':
      return [pressed.operation];
    case 'page':
      return [pressed.path, pressed.workspace, pressed.page];
  }
}

/** Null: an older or newer Dumont drew it, or it is none of ours. */
export function readCustomId(id: string): Pressed | null {
  const [version, does, first = '', second = '', third = ''] = id.split(':');
  if (version !== VERSION || first === '') return null;
  switch (does) {
    case 'confirm':
    case 'cancel':
    case 'type':
    case 'typed':
      return { does, confirmation: first };
    case 'keep':
      return /^\d{1,4}$/.test(second) ? { does, workspace: first, minutes: Number(second) } : null;
    case 'hibernate':
    case 'wake':
    case 'logs':
    case 'ssh':
      return { does, workspace: first };
    case 'follow':
      return { does, operation: first };
    case 'page':
      return /^\d{1,4}$/.test(third) ? { does, path: first, workspace: second, page: Number(third) } : null;
    default:
      return null;
  }
}

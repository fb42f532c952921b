/**
 * A file's name is bytes, not text. On a machine a path is *raw*: one character per byte, as `latin1` reads it, so that
 * sorting and matching work on bytes. In JSON it is *wire*: UTF-8 where the bytes are UTF-8, and a byte that is not
 * travels as the lone surrogate U+DC00 + byte. Each of the two is the other's exact inverse.
 */
export function wirePath(raw: string): string {
  if (isAscii(raw)) return raw;
  const bytes = Buffer.from(raw, 'latin1');
  const text = bytes.toString('utf8');
  if (!text.includes('\ufffd')) return text;
  let wire = '';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    wire += length === 0 ? String.fromCharCode(0xdc00 + bytes[at]!) : bytes.toString('utf8', at, at + length);
    at += Math.max(length, 1);
  }
  return wire;
}

export function rawPath(wire: string): string {
  if (isAscii(wire)) return wire;
  if (wire.isWellFormed()) return Buffer.from(wire, 'utf8').toString('latin1');
  let raw = '';
  for (const character of wire) {
    const code = character.codePointAt(0)!;
    const byte = code >= 0xdc80 && code <= 0xdcff;
    raw += byte ? String.fromCharCode(code - 0xdc00) : Buffer.from(character, 'utf8').toString('latin1');
  }
  return raw;
}

/** What programs print that know only text, restic's JSON among them: every byte that is not UTF-8 becomes U+FFFD. */
export function printedPath(wire: string): string {
  return wire.toWellFormed();
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}

/** The length of the well-formed UTF-8 sequence at this place; 0 when there is none. */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + length > bytes.length) return 0;
  for (let next = 1; next < length; next++) if ((bytes[at + next]! & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1]!;
  const overlong = (first === 0xe0 && second < 0xa0) || (first === 0xf0 && second < 0x90);
  const outside = (first === 0xed && second > 0x9f) || (first === 0xf4 && second > 0x8f);
  return overlong || outside ? 0 : length;
}

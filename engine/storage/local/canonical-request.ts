import { percentEncode } from './bytes.ts';
import type { Asked } from './request.ts';

/** A request in the one form that signature version 4 signs, whatever form it travelled in. */
export function canonicalRequest(asked: Asked, signedHeaders: readonly string[], payload: string): string {
  return [
    asked.method,
    percentEncode(asked.path, 'slashes'),
    canonicalQuery(asked),
    ...signedHeaders.map((name) => `${name}:${canonicalHeader(asked, name)}`),
    '',
    signedHeaders.join(';'),
    payload,
  ].join('\n');
}

function canonicalQuery(asked: Asked): string {
  return asked.query
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [percentEncode(name, 'nothing'), percentEncode(value, 'nothing')] as const)
    .sort((a, b) => (a[0] === b[0] ? compare(a[1], b[1]) : compare(a[0], b[0])))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function canonicalHeader(asked: Asked, name: string): string {
  const values = asked.message.headersDistinct[name] ?? [];
  return values.map((value) => value.trim().replace(/ +/g, ' ')).join(',');
}

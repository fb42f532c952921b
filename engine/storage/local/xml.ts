import { parseXML } from '@aws-sdk/xml-builder';
import { S3Error } from './s3-error.ts';

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** A document with this root. Its content is XML already, made by `element`. */
export function xmlDocument(root: string, content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="${NAMESPACE}">${content}</${root}>`;
}

export function errorDocument(code: string, message: string, resource: string, requestId: string): string {
  const content =
    element('Code', code) +
    element('Message', message) +
    element('Resource', resource) +
    element('RequestId', requestId);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${content}</Error>`;
}

export function element(name: string, text: string | number | boolean): string {
  return `<${name}>${escapeXml(String(text))}</${name}>`;
}

export function group(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}

const NAMED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Control characters have no place in XML 1.0; every S3 client reads them as character references all the same. */
function escapeXml(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: keys may contain them
  return text.replace(/[&<>"\x00-\x1f\x7f]/g, (one) => NAMED[one] ?? `&#${one.charCodeAt(0)};`);
}

/** The content of the root element, whatever its namespace. */
export function readXml(document: string, root: string): unknown {
  // Nothing we read has a document type; refusing it leaves entities out of reach.
  if (/<!DOCTYPE/i.test(document)) throw new S3Error('MalformedXML');
  try {
    return (parseXML(document) as Record<string, unknown>)[root];
  } catch {
    throw new S3Error('MalformedXML');
  }
}

/** Children of one name, which the reader gives as one value, as an array, or not at all. */
export function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

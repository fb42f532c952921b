import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

/** Discord's own description of what it takes and gives, for the routes that the stand-in serves. */
interface Published {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}
interface Operation {
  readonly request: object | null;
  readonly answers: Readonly<Record<string, object | null>>;
}

const published = JSON.parse(readFileSync(join(import.meta.dirname, 'openapi.json'), 'utf8')) as Published;

const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
ajv.addSchema({ $id: 'discord', components: published.components });
const compiled = new Map<string, ValidateFunction>();

export interface Fault {
  readonly path: string;
  readonly message: string;
}

/** What is wrong with a request; empty when nothing is. */
export function requestFaults(method: string, template: string, body: unknown): readonly Fault[] {
  const schema = operation(method, template).request;
  return schema === null ? [] : faults(`${method} ${template} request`, schema, forgiving(body));
}

/** The same for what we answer: a stand-in that says what Discord never says would prove nothing. */
export function answerFaults(method: string, template: string, status: number, body: unknown): readonly Fault[] {
  const { answers } = operation(method, template);
  const schema = answers[status];
  if (schema === undefined) return [{ path: '', message: `Discord never answers ${status} here` }];
  return schema === null ? [] : faults(`${method} ${template} ${status}`, schema, body);
}

/** The first check of a kind takes a while, which nobody should have to wait for who is timed. */
export function warmUp(): void {
  for (const [template, methods] of Object.entries(published.paths))
    for (const method of Object.keys(methods)) {
      requestFaults(method, template, {});
      for (const status of Object.keys(operation(method, template).answers))
        answerFaults(method, template, Number(status), {});
    }
}

function operation(method: string, template: string): Operation {
  const found = published.paths[template]?.[method.toLowerCase()];
  if (!found) throw new Error(`the published description has no ${method} ${template}`);
  return found;
}

function faults(key: string, schema: object, value: unknown): readonly Fault[] {
  let validate = compiled.get(key);
  if (!validate) {
    validate = ajv.compile(absolute(schema) as object);
    compiled.set(key, validate);
  }
  if (validate(value)) return [];
  const errors = (validate.errors ?? []).filter(({ keyword }) => keyword !== 'anyOf' && keyword !== 'oneOf');
  const all = (errors.length > 0 ? errors : (validate.errors ?? [])).map(({ instancePath, message, params }) => ({
    path: instancePath.slice(1).replaceAll('/', '.'),
    message: `${message ?? 'is wrong'} ${JSON.stringify(params)}`,
  }));
  // A union complains about every branch that was not meant; the deepest complaints are about the one that was.
  const depth = (path: string): number => path.split('.').length;
  const deepest = Math.max(...all.map(({ path }) => depth(path)));
  return all.filter(({ path }) => depth(path) === deepest).slice(0, 5);
}

function absolute(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(absolute);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) =>
      key === '$ref' ? [key, `discord${String(value)}`] : [key, absolute(value)],
    ),
  );
}

/** Of requests the description says integer where Discord and every library use a string of digits. */
function forgiving(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(forgiving);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) =>
      key === 'default_member_permissions' && typeof inner === 'string'
        ? [key, Number(inner)]
        : [key, forgiving(inner)],
    ),
  );
}

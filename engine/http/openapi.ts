import * as z from 'zod';
import { FAILURES, type FailureCode } from '../domain/failures.ts';
import { VERBS } from '../domain/verbs.ts';
import type { Route } from './route.ts';

/** An OpenAPI 3.1 document, as far as we look into it. */
export interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenOperation>>>>;
  readonly components: object;
  readonly security: readonly object[];
  readonly tags: readonly { readonly name: string }[];
}

export interface OpenOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly 'x-role': Route['role'];
  readonly security?: readonly object[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, object>>;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: object;
}

type Content = Readonly<Record<string, { readonly schema: object }>>;
type JsonSchema = {
  readonly type?: string;
  readonly properties?: Record<string, object>;
  readonly required?: string[];
};

/** Made from the very schemas that requests are checked by and answers are typed with, so that it cannot say anything else. */
export function openApi(routes: readonly Route[], version: string): OpenApi {
  const paths: Record<string, Record<string, OpenOperation>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operationOf(route, path) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Dumont',
      version,
      description:
        'Workspaces on rented GPUs that wake in seconds, never lose a file, and cost nothing while nobody is there. ' +
        'What takes long answers 202 with an operation to follow. Send an Idempotency-Key with whatever spends or destroys, ' +
        'and the same request may be sent again without acting twice. Errors are problem documents (RFC 9457).',
    },
    paths,
    components: { schemas: { Problem: problemSchema() }, securitySchemes: SECURITY },
    security: [{ bearer: [] }],
    tags: [...new Set(Object.values(paths).flatMap((one) => Object.values(one).flatMap(({ tags }) => tags)))].map(
      (name) => ({ name }),
    ),
  };
}

const SECURITY = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description:
      'An access token of a login (JWT), a token of "dumont tokens", or the one in the engine’s own token file.',
  },
};

function operationOf(route: Route, path: string): OpenOperation {
  const { method, verb, role } = route;
  const body = schemaOf(route.body, 'input');
  const hasBody = Object.keys(body.properties ?? {}).length > 0;
  const writes = method !== 'get';
  return {
    operationId: `${method}${path.replaceAll(/\/api\/v1|[{}]/g, '').replaceAll(/[/-](\w)/g, (_, letter) => letter.toUpperCase())}`,
    summary: route.say ?? (verb === null ? path : VERBS[verb].say.en),
    tags: [path.split('/')[3] ?? 'api'],
    'x-role': role,
    ...(role === 'anyone' && { security: [] }),
    parameters: [
      ...parametersIn('path', schemaOf(route.params, 'input')),
      ...parametersIn('query', schemaOf(route.query, 'input')),
      writes ? IDEMPOTENCY : CONDITION,
    ],
    ...(writes && hasBody && { requestBody: { required: (body.required ?? []).length > 0, content: json(body) } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, schema]) => [
          status,
          {
            description: WORDS[Number(status)] ?? 'done',
            ...contentOf(schema, route.also),
          },
        ]),
      ),
      ...(!writes && { 304: { description: WORDS[304] } }),
      ...problemsOf(route),
    },
  };
}

function contentOf(schema: z.ZodType | null, also: Route['also']): { content?: Content } {
  const content = { ...(schema && json(schemaOf(schema, 'output'))), ...also };
  return Object.keys(content).length > 0 ? { content } : {};
}

const WORDS: Readonly<Record<number, string>> = {
  200: 'As asked for',
  201: 'Made',
  202: 'It began; follow the operation',
  204: 'Done; there is nothing to say',
  304: 'As you have it',
};

const IDEMPOTENCY: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key is the same request: it never acts twice.',
  schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,200}$' },
};

const CONDITION: Parameter = {
  name: 'If-None-Match',
  in: 'header',
  required: false,
  description: 'The ETag of an answer that you have: if it is still the same, it is not sent again.',
  schema: { type: 'string' },
};

/** By status, with the codes that each can have. */
function problemsOf({ role }: Route): Record<string, object> {
  const statuses = [400, 401, ...(role === 'anyone' ? [] : [403]), 404, 409, 413, 429, 500, 502, 503, 504, 507];
  return Object.fromEntries(
    statuses.flatMap((status) => {
      const codes = (Object.keys(FAILURES) as FailureCode[]).filter((code) => FAILURES[code].http === status);
      return codes.length === 0 ? [] : [[status, { description: codes.join(', '), content: PROBLEM }]];
    }),
  );
}

const PROBLEM: Content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };

function problemSchema(): object {
  return {
    type: 'object',
    required: ['type', 'title', 'status', 'detail', 'code', 'facts', 'retry', 'reference'],
    properties: {
      type: { type: 'string', description: 'urn:dumont:problem:CODE' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string', description: 'For people: what is wrong, and what to do.' },
      code: { type: 'string', enum: Object.keys(FAILURES) },
      facts: { type: 'object' },
      retry: { type: 'boolean', description: 'The same request can succeed later.' },
      reference: { type: 'string', description: 'Also in the engine’s log.' },
    },
  };
}

function parametersIn(place: 'path' | 'query', { properties = {}, required = [] }: JsonSchema): Parameter[] {
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...('description' in schema && { description: String(schema.description) }),
    schema,
  }));
}

function json(schema: object): Content {
  return { 'application/json': { schema } };
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any' });
  return rest as JsonSchema;
}

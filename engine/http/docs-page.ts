import { html, raw } from 'hono/html';
import type { OpenApi, OpenOperation } from './openapi.ts';

/** The API for people to read: one page, without a script, from the same document that programs read. */
export function docsPage({ info, paths, tags }: OpenApi) {
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${info.title} API</title>
        <style>
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <nav>
          <strong>${info.title}</strong>
          ${tags.map(({ name }) => html`<a href="#${name}">${name}</a>`)}
          <a href="/api/v1/openapi.json">openapi.json</a>
        </nav>
        <main>
          <h1>${info.title} API <small>${info.version}</small></h1>
          <p>${info.description}</p>
          ${tags.map(
            ({ name }) =>
              html`<h2 id="${name}">${name}</h2>
                ${routes.filter(({ operation }) => operation.tags.includes(name)).map(routeCard)}`,
          )}
        </main>
      </body>
    </html>`;
}

function routeCard({ path, method, operation }: { path: string; method: string; operation: OpenOperation }) {
  const body = operation.requestBody?.content['application/json']?.schema;
  return html`<details>
    <summary>
      <b class="${method}">${method.toUpperCase()}</b> <code>${path}</code> <span>${operation.summary}</span>
      <em>${operation['x-role']}</em>
    </summary>
    ${
      operation.parameters.length === 0
        ? ''
        : html`<table>
            ${operation.parameters.map(
              (it) => html`<tr>
                <td><code>${it.name}</code></td>
                <td>${it.in}${it.required ? '' : ', optional'}</td>
                <td>${it.description ?? typeOf(it.schema)}</td>
              </tr>`,
            )}
          </table>`
    }
    ${body === undefined ? '' : html`<h4>Body</h4><pre>${shape(body)}</pre>`}
    ${Object.entries(operation.responses)
      .filter(([status]) => Number(status) < 300)
      .map(([status, answer]) => {
        const { description, content } = answer as {
          description: string;
          content?: Record<string, { schema: object }>;
        };
        const schema = content?.['application/json']?.schema;
        return html`<h4>${status} ${description}</h4>${schema ? html`<pre>${shape(schema)}</pre>` : ''}`;
      })}
  </details>`;
}

interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly additionalProperties?: Schema | boolean;
}

/** A schema as one would write an example of it, with what is said of each field. */
function shape(schema: Schema, indent = ''): string {
  const { properties, required = [], items } = schema;
  if (properties) {
    const inner = `${indent}  `;
    const lines = Object.entries(properties).map(([name, field]) => {
      const optional = required.includes(name) ? '' : '?';
      const say = field.description ? `  // ${field.description}` : '';
      return `${inner}${name}${optional}: ${shape(field, inner)}${say}`;
    });
    return `{\n${lines.join('\n')}\n${indent}}`;
  }
  if (items) return `${shape(items, indent)}[]`;
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map((choice) => shape(choice, indent)).join(' | ');
  return typeOf(schema);
}

function typeOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.format) return schema.format;
  return [schema.type ?? 'any'].flat().join(' | ');
}

const STYLE = `
  :root { color-scheme: light dark; --line: light-dark(#e3e3e8, #33363d); --dim: light-dark(#666, #9aa0aa); }
  body { margin: 0; font: 15px/1.5 system-ui, sans-serif; background: light-dark(#fff, #16181d); color: light-dark(#1b1d22, #e6e8ec); }
  nav { position: sticky; top: 0; padding: .6rem 1.2rem; background: inherit; border-bottom: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: .2rem 1rem; }
  nav a { color: inherit; } main { max-width: 60rem; margin: auto; padding: 0 1.2rem 4rem; }
  h1 small { color: var(--dim); font-size: .5em; } h2 { margin: 2.2rem 0 .5rem; text-transform: capitalize; } h4 { margin: 1rem 0 .2rem; }
  details { border: 1px solid var(--line); border-radius: 6px; margin: .4rem 0; padding: .4rem .8rem; }
  summary { cursor: pointer; } summary span { color: var(--dim); } summary em { float: right; font-style: normal; font-size: .8em; color: var(--dim); }
  b { display: inline-block; min-width: 4.2em; } .get { color: light-dark(#1565c0, #6fb1ff); } .post { color: light-dark(#2e7d32, #7fd48a); }
  .put, .patch { color: light-dark(#a15c00, #f0b060); } .delete { color: light-dark(#b3261e, #ff8a80); }
  table { border-collapse: collapse; margin: .6rem 0; } td { padding: .1rem 1rem .1rem 0; vertical-align: top; }
  pre { background: light-dark(#f5f6f8, #1f2228); padding: .7rem; border-radius: 6px; overflow: auto; }
`;

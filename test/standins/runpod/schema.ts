import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

/** RunPod's own description of its API v2: what it takes, and what it gives. */
const published = JSON.parse(readFileSync(join(import.meta.dirname, 'contract.json'), 'utf8')) as object;

const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
ajv.addSchema(published);
const compiled = new Map<string, ValidateFunction>();

/** What is wrong with a body, a line for each; empty when nothing is. */
export function faultsIn(schema: string, body: unknown): readonly string[] {
  let validate = compiled.get(schema);
  if (!validate) {
    validate = ajv.compile({ $ref: `runpod#/components/schemas/${schema}` });
    compiled.set(schema, validate);
  }
  if (validate(body)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath || 'body'}: ${message}`);
}

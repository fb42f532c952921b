import fc from 'fast-check';

/** As much of JSON Schema as our own documents use. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly propertyNames?: Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly examples?: readonly unknown[] | undefined;
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly default?: unknown;
}

/** Values that fit a schema. */
export function fitting(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  // What nobody can guess from a schema, a name of a time zone say.
  if (schema.examples)
    return fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...schema.examples) },
      { weight: 1, arbitrary: fitting({ ...schema, examples: undefined }) },
    );
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(fitting));
  switch (typeof schema.type === 'string' ? schema.type : schema.type?.[0]) {
    case 'string':
      return fittingText(schema);
    case 'integer':
      return fc.integer({ min: schema.minimum ?? least(schema, 1) ?? 0, max: Math.min(schema.maximum ?? 1e6, 1e9) });
    case 'number':
      return fc.double({
        min: schema.minimum ?? least(schema, 1e-3) ?? 0,
        max: Math.min(schema.maximum ?? 1e6, 1e9),
        noNaN: true,
      });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(fitting(schema.items ?? {}), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 4, 4),
      });
    case 'object':
      return fittingObject(schema);
    default:
      return fc.jsonValue();
  }
}

const least = ({ exclusiveMinimum }: Schema, step: number): number | undefined =>
  exclusiveMinimum === undefined ? undefined : exclusiveMinimum + step;

function fittingText({ pattern, format, minLength = 0, maxLength = 40 }: Schema): fc.Arbitrary<string> {
  if (format === 'date-time') return fc.date({ noInvalidDate: true }).map((at) => at.toISOString());
  if (pattern) return fc.stringMatching(new RegExp(pattern)).filter((text) => text.length <= 200);
  return fc.string({ minLength, maxLength: Math.min(Math.max(maxLength, minLength), minLength + 40) });
}

function fittingObject({ properties = {}, required = [], additionalProperties }: Schema): fc.Arbitrary<unknown> {
  const known = fc.record(
    Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, fitting(schema)])),
    { requiredKeys: required.filter((name) => name in properties) },
  );
  if (typeof additionalProperties !== 'object') return known;
  const more = fc.dictionary(fc.stringMatching(/^[A-Za-z_]\w{0,10}$/), fitting(additionalProperties), { maxKeys: 3 });
  return fc.tuple(known, more).map(([one, other]) => ({ ...other, ...one }));
}

/** Values that were fitting, and then something happened to them. */
export function broken(schema: Schema): fc.Arbitrary<unknown> {
  const fits = fitting(schema);
  const spoiled = fc.tuple(fits, fc.nat(), fc.jsonValue()).map(([value, at, other]) => {
    if (typeof value !== 'object' || value === null) return other;
    const names = Object.keys(value);
    const name = names[at % Math.max(1, names.length)] ?? 'x';
    return { ...value, [name]: other };
  });
  const more = fc
    .tuple(fits, fc.string(), fc.jsonValue())
    .map(([value, name, other]) => ({ ...(value as object), [name]: other }));
  const less = fc.tuple(fits, fc.nat()).map(([value, at]) => {
    const entries = Object.entries((value ?? {}) as object);
    return Object.fromEntries(entries.filter((_, i) => i !== at % Math.max(1, entries.length)));
  });
  return fc.oneof(fc.jsonValue(), spoiled, more, less);
}

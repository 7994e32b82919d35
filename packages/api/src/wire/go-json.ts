import { FairleadError } from '@fairlead/base';
import type { Json } from '@fairlead/engine';
import * as v from 'valibot';

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

/** True for a JSON object, false for arrays, null and the rest. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text; absent means empty, as Go's zero value. */
export const goString = v.optional(v.string(), '');
/** A flag; absent means false. */
export const goBoolean = v.optional(v.boolean(), false);
/** A whole number; absent means 0. */
export const goInteger = v.optional(v.pipe(v.number(), v.safeInteger()), 0);
/** A text within a list or a map, where `null` is Go's zero value. */
const member = v.pipe(
  v.nullable(v.string()),
  v.transform((text) => text ?? ''),
);
/** A list of texts; absent means empty. */
export const goStrings = v.optional(v.array(member), []);

/** A map: `v.record` alone would take a list for one. */
export function goMap<Value>(values: v.GenericSchema<unknown, Value>) {
  return v.pipe(v.unknown(), v.check(isJsonObject), v.record(v.string(), values));
}

/** A map of texts that may be absent. */
export const goOptionalMap = v.optional(goMap(member));
/** A map of texts; absent means empty. */
export const goStringMap = v.optional(goMap(member), {});

/**
 * A struct as Go's `encoding/json` reads it: keys in any case, `null` means absent, unknown keys are ignored.
 *
 * @param entries by the wire's own names.
 */
export function goObject<Entries extends v.ObjectEntries>(
  entries: Entries,
): v.GenericSchema<unknown, v.InferOutput<v.ObjectSchema<Entries, undefined>>> {
  const names = new Map(Object.keys(entries).map((name) => [name.toLowerCase(), name]));
  return v.pipe(
    v.custom<JsonObject>(isJsonObject),
    v.transform((value): unknown => canonicalKeys(value, names)),
    v.object(entries),
  );
}

/** The members whose keys are known, under their canonical names; nulls are left out. */
export function canonicalKeys(value: JsonObject, names: ReadonlyMap<string, string>): JsonObject {
  const members = Object.entries(value);
  // As clients write them there is nothing to be done, and of small objects there can be thousands.
  if (members.every(([key, member]) => member !== null && names.get(key.toLowerCase()) === key)) return value;
  return Object.fromEntries(
    members.flatMap(([key, member]) => {
      const name = names.get(key.toLowerCase());
      return name === undefined || member === null ? [] : [[name, member]];
    }),
  );
}

const goTypes: Readonly<Record<string, string>> = {
  string: 'string',
  boolean: 'bool',
  number: 'int64',
  integer: 'int64',
  safe_integer: 'int64',
  array: '[]string',
  check: 'map[string]string',
  custom: 'struct',
};

/**
 * Give a JSON value its type.
 *
 * @param typeName Go's name of the type, for messages.
 * @throws FairleadError `invalid-argument` with the words of Go's decoder.
 */
export function decodeJson<Output>(schema: v.GenericSchema<unknown, Output>, value: Json, typeName: string): Output {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = (issue.path ?? []).map(({ key }) => String(key)).join('.');
  const place = path === '' ? 'Go value' : `Go struct field ${typeName}.${path}`;
  const expected = goTypes[issue.type] ?? issue.type;
  throw invalidJson(`json: cannot unmarshal ${describe(issue.input)} into ${place} of type ${expected}`);
}

/** An error in the form that Docker gives to everything that is wrong with a body. */
export function invalidJson(fault: string): FairleadError {
  return new FairleadError('invalid-argument', `invalid JSON: ${fault}`);
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'number' : `number ${value}`;
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

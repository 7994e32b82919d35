import { FairleadError } from '@fairlead/base';

/** What Go's decoder would make of a value: a type of its own, a list, a struct, a pointer; and what is left out when empty. */
export type DecodedShape =
  | 'string'
  | 'bool'
  | 'uint32'
  | { readonly list: DecodedShape }
  | { readonly fields: Readonly<Record<string, DecodedShape>> }
  /** `null` when it is absent. */
  | { readonly pointer: DecodedShape }
  /** Not there at all when it is zero (`omitempty`). */
  | { readonly omitEmpty: DecodedShape };

/**
 * Read JSON as Go's decoder does: the case of names means nothing, names that nobody knows are passed over, null is zero.
 *
 * @param struct of the whole, for complaints.
 * @returns the value with the names, the order and the zero values of the struct.
 * @throws FairleadError `internal` in Go's words (encoding/json).
 */
export function decodeGoJson(bytes: Uint8Array | string, shape: DecodedShape, struct: string): unknown {
  const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8');
  return decode(parse(text), shape, { struct, path: '' });
}

/** Where in the document something is. */
interface Place {
  readonly struct: string;
  readonly path: string;
}

function decode(value: unknown, shape: DecodedShape, place: Place): unknown {
  if (typeof shape === 'string') return decodeScalar(value, shape, place);
  if ('omitEmpty' in shape) return isZero(value) ? undefined : decode(value, shape.omitEmpty, place);
  if (value === undefined || value === null) return 'fields' in shape ? decode({}, shape, place) : null;
  if ('pointer' in shape) return decode(value, shape.pointer, place);
  if ('list' in shape) {
    if (!Array.isArray(value)) throw mistyped(value, `[]${goName(shape.list)}`, place);
    return value.map((item) => decode(item, shape.list, place));
  }
  return decodeFields(value, shape.fields, place);
}

function decodeFields(value: unknown, fields: Readonly<Record<string, DecodedShape>>, place: Place): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw mistyped(value, 'struct', place);
  const given = new Map(Object.entries(value).map(([name, field]) => [name.toLowerCase(), field]));
  const decoded = Object.entries(fields).map(([name, shape]) => {
    const path = place.path === '' ? name : `${place.path}.${name}`;
    return [name, decode(given.get(name.toLowerCase()), shape, { ...place, path })] as const;
  });
  return Object.fromEntries(decoded.filter(([, field]) => field !== undefined));
}

function decodeScalar(value: unknown, type: 'string' | 'bool' | 'uint32', place: Place): unknown {
  const zero = { string: '', bool: false, uint32: 0 }[type];
  if (value === undefined || value === null) return zero;
  const isNumber = type === 'uint32' && Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 32;
  if (typeof value === typeof zero && (type !== 'uint32' || isNumber)) return value;
  throw mistyped(value, type, place);
}

function isZero(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value === 0 || value === false;
}

function goName(shape: DecodedShape): string {
  return typeof shape === 'string' ? shape : 'struct';
}

function mistyped(value: unknown, type: string, { struct, path }: Place): FairleadError {
  const kinds: Readonly<Record<string, string>> = { boolean: 'bool', number: 'number', string: 'string' };
  const kind = kinds[typeof value] ?? (Array.isArray(value) ? 'array' : 'object');
  const place = path === '' ? `value of type ${struct}` : `struct field ${struct}.${path} of type ${type}`;
  return new FairleadError('internal', `json: cannot unmarshal ${kind} into Go ${place}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const first = text.trim().slice(0, 1);
    const isWhole = first === '' || '[{"'.includes(first);
    const reason = isWhole
      ? 'unexpected end of JSON input'
      : `invalid character '${first}' looking for beginning of value`;
    throw new FairleadError('internal', reason);
  }
}

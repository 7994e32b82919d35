import { compareText, parsePortSpec } from '@fairlead/base';
import { parseGoDuration } from '@fairlead/dockerfile';
import { isDictionary } from './yaml-text.ts';

/** Something that a value is not what it has to be. */
export interface Fault {
  readonly path: readonly string[];
  readonly problem: string;
  /** It is of another type; what is said of that counts before other things about the same place. */
  readonly isType?: boolean;
  /** It is none of several shapes; why, say the faults that follow. */
  readonly isChoice?: boolean;
}

/** What a value has to be, in the words and with the checks of docker's schema of Compose files. */
export interface Shape {
  /** Names of its types, as JSON Schema has them. */
  readonly types: readonly string[];
  /** Faults within a value of the right type. */
  inside(value: unknown, path: readonly string[]): Fault[];
}

/** Everything that is wrong with a value. */
export function faultsOf(shape: Shape, value: unknown, path: readonly string[] = []): Fault[] {
  if ('alternatives' in shape) return shape.inside(value, path);
  if (shape.types.some((type) => isOfType(value, type))) return shape.inside(value, path);
  return [{ path, problem: `must be a ${typeNames(shape.types)}`, isType: true }];
}

/** The fault that docker tells: of the innermost place, about its type before all others. */
export function foremostFault(faults: readonly Fault[]): Fault | undefined {
  const best = faults.reduce<Fault | undefined>((former, fault) => {
    const deeper = fault.path.length - (former?.path.length ?? -1);
    return deeper > 0 || (deeper === 0 && fault.isType === true && former?.isType !== true) ? fault : former;
  }, undefined);
  if (best?.isChoice !== true) return best;
  // That it is none of several things says less than why it is not the likeliest of them.
  const reason = faults[faults.indexOf(best) + 1];
  return reason === undefined ? best : { path: best.path, problem: reason.problem };
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'object':
      return isDictionary(value);
    case 'array':
      return Array.isArray(value);
    case 'null':
      return value === null;
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

/** `a, b or c`, in the words of people who write YAML. */
function typeNames(types: readonly string[]): string {
  const names = types.map((type) => (type === 'object' ? 'mapping' : type === 'array' ? 'list' : type));
  const last = names.pop() ?? '';
  return names.length === 0 ? last : `${names.join(', ')} or ${last}`;
}

/** A value of one of these types, whatever it is. */
export function plain(...types: readonly string[]): Shape {
  return { types, inside: () => [] };
}

/** A value of these types that something more is asked of. */
export function formatted(format: 'duration' | 'ports', ...types: readonly string[]): Shape {
  const isGood = format === 'duration' ? parses(parseGoDuration) : parses(parsePortSpec);
  return {
    types,
    inside: (value, path) => (isGood(String(value)) ? [] : [{ path, problem: `Does not match format '${format}'` }]),
  };
}

function parses(parse: (text: string) => unknown): (text: string) => boolean {
  return (text) => {
    try {
      parse(text);
      return true;
    } catch {
      return false;
    }
  };
}

/** One of some words. */
export function oneOfWords(...words: readonly string[]): Shape {
  const listed = words.map((word) => JSON.stringify(word)).join(', ');
  return {
    types: ['string'],
    inside: (value, path) =>
      // docker names the place twice here.
      words.includes(String(value))
        ? []
        : [{ path, problem: `${path.join('.')} must be one of the following: ${listed}` }],
  };
}

/** A list of things. @param options.unique no two of them are the same. */
export function listOf(item: Shape, { unique = false }: { readonly unique?: boolean } = {}): Shape {
  return {
    types: ['array'],
    inside: (value, path) => {
      const items = value as readonly unknown[];
      const faults = items.flatMap((inner, at) => faultsOf(item, inner, [...path, String(at)]));
      const texts = items.map((inner) => JSON.stringify(inner));
      const second = unique ? texts.findIndex((text, at) => texts.indexOf(text) < at) : -1;
      if (second === -1) return faults;
      const first = texts.indexOf(texts[second] ?? '');
      return [...faults, { path, problem: `array items[${first},${second}] must be unique` }];
    },
  };
}

/** A mapping with these keys. @param options what else it may have. */
export function mapping(
  keys: Readonly<Record<string, Shape>>,
  options: {
    /** Keys of this form have this shape. */
    readonly others?: readonly (readonly [form: RegExp, shape: Shape])[];
    /** Any other key may be there. */
    readonly open?: boolean;
    readonly required?: readonly string[];
    readonly nullable?: boolean;
  } = {},
): Shape {
  const { others = [], open = false, required = [], nullable = false } = options;
  return {
    types: nullable ? ['object', 'null'] : ['object'],
    inside: (value, path) => {
      if (!isDictionary(value)) return [];
      const missing = required.filter((key) => !Object.hasOwn(value, key));
      const entries = Object.entries(value).sort(([left], [right]) => compareText(left, right));
      return [
        ...missing.map((key) => ({ path, problem: `${key} is required` })),
        ...entries.flatMap(([key, inner]) => {
          const shape = Object.hasOwn(keys, key) ? keys[key] : others.find(([form]) => form.test(key))?.[1];
          if (shape !== undefined) return faultsOf(shape, inner, [...path, key]);
          return open ? [] : [{ path, problem: `Additional property ${key} is not allowed` }];
        }),
      ];
    },
  };
}

/** One of several shapes. */
export function either(...alternatives: readonly Shape[]): Shape & { readonly alternatives: readonly Shape[] } {
  return {
    types: alternatives.flatMap(({ types }) => types),
    alternatives,
    inside: (value, path) => {
      const tried = alternatives.map((shape) => faultsOf(shape, value, path));
      if (tried.some((faults) => faults.length === 0)) return [];
      // What it looks most like is what it was meant to be.
      const nearest = alternatives.findIndex(({ types }) => types.some((type) => isOfType(value, type)));
      return [
        { path, problem: 'Must validate one and only one schema (oneOf)', isChoice: true },
        ...(tried[Math.max(0, nearest)] ?? []),
      ];
    },
  };
}

/** Anything. */
export const anything: Shape = { types: ['object', 'array', 'string', 'number', 'boolean', 'null'], inside: () => [] };

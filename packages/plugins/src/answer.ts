import {
  addressOf,
  FairleadError,
  type InterfaceAddress,
  type IpAddress,
  isCidr,
  type MacAddress,
  networkOf,
  type Prefix,
  parseInterfaceAddress,
  parseMacAddress,
  tryParseIpAddress,
} from '@fairlead/base';
import { PluginRefusal } from './plugin-error.ts';

/** What Docker's decoder would have made of an answer; its complaints name it. */
export interface GoType {
  /** Of the struct: `JoinResponse`. */
  readonly name: string;
  /** Where in the answer it is: '' or `InterfaceName.`. */
  readonly path?: string;
}

/**
 * What a plugin has answered, read field by field: it was written by others and may be anything. As to Go's decoder the case
 * of a field's name means nothing (encoding/json).
 */
export class Answer {
  readonly #fields: ReadonlyMap<string, unknown>;
  readonly #type: GoType | undefined;

  /**
   * @param type absent where everything that is not as it should be is taken for absent.
   * @throws FairleadError `internal` in Go's words for what is no object.
   */
  constructor(value: unknown, type?: GoType) {
    if (type !== undefined && !isRecord(value) && isThere(value)) {
      throw mistyped(value, `value of type api.${type.name}`);
    }
    this.#fields = new Map(
      isRecord(value) ? Object.entries(value).map(([name, field]) => [name.toLowerCase(), field]) : [],
    );
    this.#type = type;
  }

  /** A text; '' when there is none. @throws FairleadError `internal` in Go's words for what is none. */
  text(name: string): string {
    const value = this.#field(name, 'string', 'string');
    return typeof value === 'string' ? value : '';
  }

  /** @throws as {@link text}. */
  flag(name: string): boolean {
    return this.#field(name, 'boolean', 'bool') === true;
  }

  /** What is inside; empty when there is nothing. @param goType of the struct there. @throws as {@link text}. */
  inside(name: string, goType?: string): Answer {
    const type = this.#type && goType !== undefined && { name: goType, path: `${this.#type.path ?? ''}${name}.` };
    const value = this.#value(name);
    if (type && isThere(value) && !isRecord(value)) this.#refuse(name, `api.${goType}`);
    return type ? new Answer(value, type) : new Answer(value);
  }

  /** An object of the plugin's own, as it is. */
  record(name: string): Readonly<Record<string, unknown>> | undefined {
    const value = this.#value(name);
    return isRecord(value) ? value : undefined;
  }

  /** @param goType of the structs in it. @throws as {@link text}. */
  list(name: string, goType = ''): Answer[] {
    const value = this.#value(name);
    if (this.#type !== undefined && isThere(value) && !Array.isArray(value)) this.#refuse(name, `[]api.${goType}`);
    const type = this.#type && { name: goType, path: `${this.#type.path ?? ''}${name}.` };
    return Array.isArray(value) ? value.map((item) => new Answer(item, type)) : [];
  }

  /** Texts of a list; everything else in it is passed over. */
  texts(name: string): string[] {
    const value = this.#value(name);
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  }

  /** @throws as {@link text}. */
  number(name: string): number {
    const value = this.#field(name, 'number', 'int');
    return typeof value === 'number' ? value : 0;
  }

  /** @throws FairleadError `internal` in Go's words. */
  cidr(name: string): InterfaceAddress | undefined {
    const text = this.text(name);
    if (text === '') return undefined;
    if (!isCidr(text)) throw new FairleadError('internal', `invalid CIDR address: ${text}`);
    return parseInterfaceAddress(text);
  }

  /** The network that an address with a length is of. */
  prefix(name: string): Prefix | undefined {
    const address = this.cidr(name);
    return address && networkOf(address);
  }

  /** @throws FairleadError `internal`. */
  address(name: string): IpAddress | undefined {
    const text = this.text(name);
    if (text === '') return undefined;
    const address = tryParseIpAddress(text) ?? (isCidr(text) ? addressOf(parseInterfaceAddress(text)) : undefined);
    if (address === undefined)
      throw new FairleadError('internal', `failed to parse ${name}: invalid IP address: ${text}`);
    return address;
  }

  /** @throws FairleadError `internal` in Go's words. */
  mac(name: string): MacAddress | undefined {
    const text = this.text(name);
    if (text === '') return undefined;
    try {
      return parseMacAddress(text);
    } catch {
      throw new FairleadError('internal', `address ${text}: invalid MAC address`);
    }
  }

  #field(name: string, wanted: 'string' | 'boolean' | 'number', goType: string): unknown {
    const value = this.#value(name);
    if (this.#type !== undefined && isThere(value) && typeof value !== wanted) this.#refuse(name, goType);
    return value;
  }

  #value(name: string): unknown {
    return this.#fields.get(name.toLowerCase());
  }

  #refuse(name: string, goType: string): never {
    const { name: struct, path = '' } = this.#type ?? { name: '' };
    throw mistyped(this.#value(name), `struct field ${struct}.${path}${name} of type ${goType}`);
  }
}

/** As Go's decoder complains (encoding/json, UnmarshalTypeError). */
function mistyped(value: unknown, place: string): FairleadError {
  const kinds: Readonly<Record<string, string>> = { boolean: 'bool', number: 'number', string: 'string' };
  const kind = kinds[typeof value] ?? (Array.isArray(value) ? 'array' : 'object');
  return new FairleadError('internal', `json: cannot unmarshal ${kind} into Go ${place}`);
}

/** To Go's decoder null is nothing. */
function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Read an answer that may be a refusal.
 *
 * @param field where this protocol puts its errors.
 * @param type what the answer should be; absent where nobody cares.
 * @param prefix what Docker puts before them.
 * @throws PluginRefusal with the plugin's own words.
 */
export function accepted(value: unknown, field: 'Err' | 'Error', prefix = 'remote: ', type?: GoType): Answer {
  const answer = new Answer(value, type);
  const refusal = answer.text(field);
  if (refusal !== '') throw new PluginRefusal(`${prefix}${refusal}`);
  return answer;
}

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

/** What a plugin has answered, read field by field: it was written by others and may be anything. */
export class Answer {
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(value: unknown) {
    this.#fields = isRecord(value) ? value : {};
  }

  /** A text; '' when there is none. */
  text(name: string): string {
    const value = this.#fields[name];
    return typeof value === 'string' ? value : '';
  }

  flag(name: string): boolean {
    return this.#fields[name] === true;
  }

  /** What is inside; empty when there is nothing. */
  inside(name: string): Answer {
    return new Answer(this.#fields[name]);
  }

  /** An object of the plugin's own, as it is. */
  record(name: string): Readonly<Record<string, unknown>> | undefined {
    const value = this.#fields[name];
    return isRecord(value) ? value : undefined;
  }

  list(name: string): Answer[] {
    const value = this.#fields[name];
    return Array.isArray(value) ? value.map((item) => new Answer(item)) : [];
  }

  number(name: string): number {
    const value = this.#fields[name];
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
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Read an answer that may be a refusal.
 *
 * @param field where this protocol puts its errors.
 * @param prefix what Docker puts before them.
 * @throws PluginRefusal with the plugin's own words.
 */
export function accepted(value: unknown, field: 'Err' | 'Error', prefix = 'remote: '): Answer {
  const answer = new Answer(value);
  const refusal = answer.text(field);
  if (refusal !== '') throw new PluginRefusal(`${prefix}${refusal}`);
  return answer;
}

import { FairleadError, type IpAddress, type Prefix, parsePrefix, prefixOf, tryParseIpAddress } from '@fairlead/base';

/** Protocols with ports. */
export type PortedProtocol = 'tcp' | 'udp' | 'sctp';
/** Which end of a packet is meant. */
export type FilterSide = 'src' | 'dst' | 'either';

/** Which packets are wanted. */
export type Filter =
  | { readonly kind: 'protocol'; readonly name: 'ip' | 'ip6' | 'arp' | 'icmp' | 'icmp6' | PortedProtocol }
  /** Addresses in any of these; one address is the longest prefix. */
  | { readonly kind: 'net'; readonly side: FilterSide; readonly prefixes: readonly Prefix[] }
  | {
      readonly kind: 'port';
      readonly side: FilterSide;
      readonly port: number;
      readonly protocols: readonly PortedProtocol[];
    }
  | { readonly kind: 'not'; readonly filter: Filter }
  | { readonly kind: 'and' | 'or'; readonly filters: readonly Filter[] };

const ported: readonly PortedProtocol[] = ['tcp', 'udp', 'sctp'];
const protocols = ['ip', 'ip6', 'arp', 'icmp', 'icmp6', ...ported] as const;

/**
 * Read a filter in tcpdump's words: `host`, `net`, `port` with `src` or `dst` before, protocols, `and`, `or`, `not` and
 * parentheses; `and` binds closer. After `host` a name may stand.
 *
 * @param addressesOf addresses of a name; none when nobody has it.
 * @returns `undefined` when there are no words: everything is wanted.
 * @throws FairleadError `invalid-argument` that says where it stops to make sense.
 */
export function parseFilter(text: string, addressesOf: (name: string) => readonly IpAddress[]): Filter | undefined {
  const words = text.match(/[()!]|&&|\|\||[^\s()!&|]+/g) ?? [];
  if (words.length === 0) return undefined;
  const parser = new FilterParser(words, addressesOf);
  return parser.parse();
}

class FilterParser {
  readonly #words: string[];
  readonly #addressesOf: (name: string) => readonly IpAddress[];

  constructor(words: readonly string[], addressesOf: (name: string) => readonly IpAddress[]) {
    this.#words = [...words];
    this.#addressesOf = addressesOf;
  }

  parse(): Filter {
    const filter = this.#any();
    if (this.#words.length > 0) throw refusal(`"${this.#words[0]}" was not expected`);
    return filter;
  }

  #any(): Filter {
    return this.#joined('or', ['or', '||'], () => this.#joined('and', ['and', '&&'], () => this.#factor()));
  }

  #joined(kind: 'and' | 'or', separators: readonly string[], part: () => Filter): Filter {
    const filters = [part()];
    while (this.#takeOneOf(separators) !== undefined) filters.push(part());
    const [first] = filters;
    return filters.length === 1 && first !== undefined ? first : { kind, filters };
  }

  #factor(): Filter {
    if (this.#takeOneOf(['not', '!']) !== undefined) return { kind: 'not', filter: this.#factor() };
    if (this.#takeOneOf(['(']) !== undefined) {
      const filter = this.#any();
      if (this.#takeOneOf([')']) === undefined) throw refusal('a parenthesis is not closed');
      return filter;
    }
    return this.#primitive();
  }

  #primitive(): Filter {
    const protocol = this.#takeOneOf(protocols);
    const side = this.#takeOneOf(['src', 'dst'] as const) ?? 'either';
    const word = this.#takeOneOf(['host', 'net', 'port'] as const);
    if (word === 'port') {
      if (protocol !== undefined && !isPorted(protocol)) throw refusal(`${protocol} has no ports`);
      return { kind: 'port', side, port: this.#port(), protocols: protocol === undefined ? ported : [protocol] };
    }
    if (protocol !== undefined && word === undefined && side === 'either') return { kind: 'protocol', name: protocol };
    const ends: Filter = { kind: 'net', side, prefixes: word === 'net' ? [this.#net()] : this.#host() };
    return protocol === undefined ? ends : { kind: 'and', filters: [{ kind: 'protocol', name: protocol }, ends] };
  }

  #port(): number {
    const word = this.#take('a port');
    const port = Number(word);
    if (!/^\d+$/.test(word) || port > 65_535) throw refusal(`"${word}" is no port`);
    return port;
  }

  #net(): Prefix {
    const word = this.#take('a network');
    try {
      return parsePrefix(word);
    } catch {
      throw refusal(`"${word}" is no network; write it as 10.9.0.0/16`);
    }
  }

  #host(): Prefix[] {
    const word = this.#take('a filter');
    const address = tryParseIpAddress(word);
    const addresses = address === undefined ? this.#addressesOf(word) : [address];
    if (addresses.length === 0) throw refusal(`"${word}" is neither an address nor a container`);
    return addresses.map((each) => prefixOf(each, each.includes(':') ? 128 : 32));
  }

  #take(what: string): string {
    const word = this.#words.shift();
    if (word === undefined) throw refusal(`${what} is missing at its end`);
    return word;
  }

  #takeOneOf<T extends string>(words: readonly T[]): T | undefined {
    const found = words.find((word) => word === this.#words[0]);
    if (found !== undefined) this.#words.shift();
    return found;
  }
}

function isPorted(protocol: string): protocol is PortedProtocol {
  return ported.some((candidate) => candidate === protocol);
}

function refusal(what: string): FairleadError {
  return new FairleadError('invalid-argument', `the filter makes no sense: ${what}`);
}

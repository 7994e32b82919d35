import {
  FairleadError,
  type IpAddress,
  type MacAddress,
  type Prefix,
  parseMacAddress,
  parsePrefix,
  prefixOf,
  tryParseIpAddress,
} from '@fairlead/base';

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
      /** The same for one port. */
      readonly first: number;
      readonly last: number;
      readonly protocols: readonly PortedProtocol[];
    }
  /** Hardware addresses of Ethernet. */
  | { readonly kind: 'ether'; readonly side: FilterSide; readonly address: MacAddress }
  /** Bytes, with the header of the link: so many at least, or at most. */
  | { readonly kind: 'length'; readonly bound: 'least' | 'most'; readonly bytes: number }
  /** Has a VLAN's tag, of any or of this one. Of several tags the outer one counts. */
  | { readonly kind: 'vlan'; readonly id?: number }
  | { readonly kind: 'not'; readonly filter: Filter }
  | { readonly kind: 'and' | 'or'; readonly filters: readonly Filter[] };

type PortRange = Pick<Extract<Filter, { kind: 'port' }>, 'first' | 'last'>;

/** Words of a filter; parentheses within parentheses have to end somewhere, and the kernel takes no program of so many. */
const MOST_WORDS = 1000;

const ported: readonly PortedProtocol[] = ['tcp', 'udp', 'sctp'];
const protocols = ['ip', 'ip6', 'arp', 'icmp', 'icmp6', ...ported] as const;

/**
 * Read a filter in tcpdump's words (pcap-filter(7)): `host`, `net`, `port`, `portrange` with `src` or `dst` before, `ether
 * host`, `greater`, `less`, `vlan`, protocols, `and`, `or`, `not` and parentheses; `and` binds closer. After `host` a name may
 * stand.
 *
 * @param addressesOf addresses of a name; none when nobody has it.
 * @returns `undefined` when there are no words: everything is wanted.
 * @throws FairleadError `invalid-argument` that says where it stops to make sense.
 */
export function parseFilter(text: string, addressesOf: (name: string) => readonly IpAddress[]): Filter | undefined {
  const words = text.match(/[()!]|&&|\|\||[&|]|[^\s()!&|]+/g) ?? [];
  if (words.length > MOST_WORDS) throw refusal('it is too long');
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
    if (kind === 'and' && filters.filter((filter) => filter.kind === 'vlan').length > 1)
      throw refusal('tags within tags are not looked at');
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
    return this.#ofFrame() ?? this.#ofPacket();
  }

  /** What is asked about the frame; `undefined` for other words. */
  #ofFrame(): Filter | undefined {
    switch (this.#takeOneOf(['ether', 'greater', 'less', 'vlan'] as const)) {
      case 'ether':
        return this.#ether();
      case 'greater':
        return { kind: 'length', bound: 'least', bytes: this.#number('a length', 0xffff_ffff) };
      case 'less':
        return { kind: 'length', bound: 'most', bytes: this.#number('a length', 0xffff_ffff) };
      case 'vlan':
        return /^\d/.test(this.#words[0] ?? '')
          ? { kind: 'vlan', id: this.#number('a number of a VLAN', 4095) }
          : { kind: 'vlan' };
      default:
        return undefined;
    }
  }

  #ether(): Filter {
    const side = this.#takeOneOf(['src', 'dst'] as const) ?? 'either';
    if (this.#takeOneOf(['host']) === undefined && side === 'either')
      throw refusal('after "ether" only host, src and dst are known');
    const word = this.#take('a hardware address');
    try {
      return { kind: 'ether', side, address: parseMacAddress(word) };
    } catch {
      throw refusal(`"${word}" is no hardware address; write it as 02:42:0a:09:00:02`);
    }
  }

  #ofPacket(): Filter {
    const protocol = this.#takeOneOf(protocols);
    const side = this.#takeOneOf(['src', 'dst'] as const) ?? 'either';
    const word = this.#takeOneOf(['host', 'net', 'port', 'portrange'] as const);
    if (word === 'port' || word === 'portrange') {
      if (protocol !== undefined && !isPorted(protocol)) throw refusal(`${protocol} has no ports`);
      const range = word === 'port' ? this.#port() : this.#portRange();
      return { kind: 'port', side, ...range, protocols: protocol === undefined ? ported : [protocol] };
    }
    if (protocol !== undefined && word === undefined && side === 'either') return { kind: 'protocol', name: protocol };
    const ends: Filter = { kind: 'net', side, prefixes: word === 'net' ? [this.#net()] : this.#host() };
    return protocol === undefined ? ends : { kind: 'and', filters: [{ kind: 'protocol', name: protocol }, ends] };
  }

  #port(): PortRange {
    const port = this.#number('a port', 65_535);
    return { first: port, last: port };
  }

  /** Either end may come first, as in pcap. */
  #portRange(): PortRange {
    const word = this.#take('a range of ports');
    const ends = /^(\d+)-(\d+)$/.exec(word)?.slice(1).map(Number) ?? [];
    if (ends.length === 0 || Math.max(...ends) > 65_535)
      throw refusal(`"${word}" is no range of ports; write it as 8000-8080`);
    return { first: Math.min(...ends), last: Math.max(...ends) };
  }

  #number(what: string, largest: number): number {
    const word = this.#take(what);
    const number = Number(word);
    if (!/^\d+$/.test(word) || number > largest) throw refusal(`"${word}" is no ${what.replace(/^an? /, '')}`);
    return number;
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

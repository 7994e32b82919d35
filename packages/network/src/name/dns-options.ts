import { FairleadError, familyOf, tryParseIpAddress } from '@fairlead/base';
import type { NameRecord } from '../name-service-port.ts';
import { booleanOption } from '../network-option.ts';

/** Options of a network about its names; Fairlead's own. */
const keys = {
  records: 'com.fairlead.dns.records',
  ttl: 'com.fairlead.dns.ttl',
  servers: 'com.fairlead.dns.servers',
  health: 'com.fairlead.dns.health',
} as const;

/** Seconds in a day. */
const LONGEST_TTL = 86_400;

/** Records of one network: each is told to the name service as often as it starts. */
const MOST_RECORDS = 1000;

/** How the name service serves those on a network. */
export interface DnsService {
  /** Seconds for which askers may keep answers; absent means that they may not. */
  readonly ttl?: number;
  /** Servers that are asked for everything else, from inside the containers. */
  readonly servers: readonly string[];
  /** Of those who share a name only the ones that are well are answered. */
  readonly health: boolean;
}

/**
 * Read `com.fairlead.dns.ttl`, `.servers` and `.health`.
 *
 * @throws FairleadError `invalid-argument`.
 */
export function dnsService(options: Readonly<Record<string, string>>): DnsService {
  const ttl = options[keys.ttl];
  const servers = options[keys.servers];
  return {
    ...(ttl !== undefined && { ttl: parseTtl(ttl) }),
    servers:
      servers === undefined
        ? []
        : servers
            .split(/[\s,]+/)
            .filter(isWritten)
            .map(parseServer),
    health: booleanOption(options, keys.health) ?? true,
  };
}

/**
 * Read `com.fairlead.dns.records`: records by line, or with a semicolon between them.
 *
 * @throws FairleadError `invalid-argument`.
 */
export function writtenRecords(options: Readonly<Record<string, string>>): readonly NameRecord[] {
  return requireConsistent((options[keys.records] ?? '').split(/[;\n]/).filter(isWritten).map(parseRecord));
}

/**
 * Read a record as a zone file would have it: `db.internal A 10.0.0.5`, `*.app.internal CNAME web`,
 * `_http._tcp.web SRV 0 5 80 web`, `note TXT "hello world"`.
 *
 * @throws FairleadError `invalid-argument`.
 */
export function parseRecord(text: string): NameRecord {
  const fail = (reason: string) =>
    new FairleadError('invalid-argument', `invalid DNS record "${text.trim()}": ${reason}`);
  const [owner = '', kind = '', ...data] = wordsOf(text) ?? [];
  const name = plain(owner);
  const type = kind.toUpperCase();
  if (!isName(name.startsWith('*.') ? name.slice(2) : name)) throw fail(`not a name: ${owner}`);
  switch (type) {
    case 'A':
    case 'AAAA': {
      const address = data.length === 1 ? tryParseIpAddress(data[0] ?? '') : undefined;
      if (address === undefined || familyOf(address) !== (type === 'A' ? 4 : 6)) throw fail(`${type} needs an address`);
      return { name, type, data: [address] };
    }
    case 'CNAME':
      if (data.length !== 1 || !isName(plain(data[0] ?? ''))) throw fail('CNAME needs a name');
      return { name, type, data: [plain(data[0] ?? '')] };
    case 'TXT':
      if (data.length === 0 || data.some((word) => Buffer.byteLength(word) > 255)) {
        throw fail('TXT needs texts of at most 255 octets');
      }
      return { name, type, data };
    case 'SRV': {
      const [target = '', ...numbers] = data.toReversed();
      const areNumbers =
        numbers.length === 3 && numbers.every((word) => /^\d{1,5}$/.test(word) && Number(word) < 65_536);
      if (!areNumbers || !isName(plain(target))) throw fail('SRV needs priority, weight, port and a name');
      return { name, type, data: [...numbers.toReversed(), plain(target)] };
    }
    default:
      throw fail('a record is NAME TYPE DATA, with one of the types A, AAAA, CNAME, SRV, TXT');
  }
}

/** The inverse of {@link parseRecord}. */
export function recordText({ name, type, data }: NameRecord): string {
  const words = type === 'TXT' ? data.map((word) => `"${word.replaceAll(/["\\]/g, '\\$&')}"`) : data;
  return [name, type, ...words].join(' ');
}

/** Records as {@link parseRecord} reads them; those to take away by name, by name and type, or whole. */
export interface RecordChange {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** What comes of records when some are taken away and others added. @throws FairleadError */
export function changedRecords(before: readonly NameRecord[], { add, remove }: RecordChange): readonly NameRecord[] {
  let left = before;
  for (const text of remove) {
    const gone = left.filter((record) => isMeant(record, text));
    if (gone.length === 0) throw new FairleadError('not-found', `no such DNS record: ${text}`);
    left = left.filter((record) => !gone.includes(record));
  }
  const known = new Set(left.map(recordText));
  return requireConsistent([...left, ...add.map(parseRecord).filter((record) => !known.has(recordText(record)))]);
}

function isMeant(record: NameRecord, text: string): boolean {
  const [name = '', type, ...data] = wordsOf(text) ?? [];
  if (plain(name) !== record.name || (type !== undefined && type.toUpperCase() !== record.type)) return false;
  return data.length === 0 || recordText(parseRecord(text)) === recordText(record);
}

/** An alias has nothing beside it (RFC 1034, section 3.6.2). @throws FairleadError `invalid-argument` */
function requireConsistent(records: readonly NameRecord[]): readonly NameRecord[] {
  if (records.length > MOST_RECORDS) {
    throw new FairleadError('invalid-argument', `a network can have ${MOST_RECORDS} DNS records`);
  }
  const byName = Map.groupBy(records, ({ name }) => name);
  for (const [name, own] of byName) {
    if (own.length < 2 || !own.some(({ type }) => type === 'CNAME')) continue;
    throw new FairleadError('invalid-argument', `invalid DNS record: ${name} is an alias and something else`);
  }
  return records;
}

/** Words, with those in quotes as one; `undefined` when a quote is not closed. */
function wordsOf(text: string): string[] | undefined {
  if (!/^\s*(?:"(?:[^"\\]|\\.)*"|[^\s"]+)(?:\s+(?:"(?:[^"\\]|\\.)*"|[^\s"]+))*\s*$/.test(text)) return undefined;
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"|[^\s"]+/g)].map(
    ([word, quoted]) => quoted?.replaceAll(/\\(.)/g, '$1') ?? word,
  );
}

/** As it is compared: lower case, without the dot at the end. */
function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

/** Labels of letters, digits, hyphens and underscores (RFC 1035, section 2.3.1; RFC 2782). */
function isName(name: string): boolean {
  return name.length < 254 && /^[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_][a-z0-9_-]{0,62})*$/.test(name);
}

function isWritten(text: string): boolean {
  return text.trim() !== '';
}

function parseTtl(text: string): number {
  const ttl = Number(text);
  if (/^\d+$/.test(text) && ttl <= LONGEST_TTL) return ttl;
  throw new FairleadError(
    'invalid-argument',
    `failed to parse ${keys.ttl} value: ${text} (0 to ${LONGEST_TTL} seconds)`,
  );
}

/** `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53`, `[2001:db8::53]:5353`. */
function parseServer(text: string): string {
  const { v6, v4, port } = /^(?:\[(?<v6>[^\]]+)\]|(?<v4>[\d.]+))(?::(?<port>\d{1,5}))?$/.exec(text)?.groups ?? {};
  const address = tryParseIpAddress(v6 ?? v4 ?? text);
  const isPort = port === undefined || (Number(port) > 0 && Number(port) < 65_536);
  if (address !== undefined && isPort) return text;
  throw new FairleadError('invalid-argument', `failed to parse ${keys.servers} value: ${text} is no name server`);
}

import { HEADER_OCTETS } from './message.ts';
import { layoutOf, type MessageLayout, type RecordSpan } from './message-layout.ts';
import { skipName } from './name.ts';
import { recordType, responseCode } from './record-type.ts';

/** Bounds of a cache; times in seconds. */
export interface CacheLimits {
  /** Number of answers; the oldest goes first. */
  readonly entries: number;
  /** Octets of one answer; larger ones are not kept. */
  readonly answerOctets: number;
  readonly maximumTtl: number;
  /** RFC 2308, section 5 allows hours; a name that was just created should be seen within a minute. */
  readonly maximumNegativeTtl: number;
  /** For how long an answer that ran out may still be given when no server answers (RFC 8767). */
  readonly staleFor: number;
}

/** Bounds that fit one host. */
export const defaultCacheLimits: CacheLimits = {
  entries: 4096,
  answerOctets: 4096,
  maximumTtl: 3600,
  maximumNegativeTtl: 60,
  staleFor: 3600,
};

interface Entry {
  readonly response: Uint8Array;
  readonly ttlOffsets: readonly number[];
  readonly storedAt: number;
  readonly lifetime: number;
}

/** TTL of an answer that is given after its time (RFC 8767, section 5). */
const STALE_TTL = 5;

/** Answers of upstream servers for as long as their TTL allows. */
export class Cache {
  readonly #entries = new Map<string, Entry>();
  readonly #limits: CacheLimits;
  readonly #now: () => number;

  /** @param now the time in seconds, from any origin. */
  constructor(limits = defaultCacheLimits, now = () => performance.now() / 1000) {
    this.#limits = limits;
    this.#now = now;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Keep a response if it may be kept; one that is malformed, truncated, failed or without a TTL may not. */
  store(key: string, response: Uint8Array): void {
    if (response.length > this.#limits.answerOctets) return;
    const layout = layoutOf(response);
    const lifetime = lifetimeOf(response, layout, this.#limits);
    if (lifetime <= 0) return;
    const ttlOffsets = layout.records.filter(({ type }) => type !== recordType.OPT).map(({ ttlOffset }) => ttlOffset);
    this.#entries.delete(key);
    this.#entries.set(key, { response: new Uint8Array(response), ttlOffsets, storedAt: this.#now(), lifetime });
    if (this.#entries.size <= this.#limits.entries) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  /** A copy of the answer with its TTLs counted down; with `stale`, one whose time is over too. */
  find(key: string, { stale = false } = {}): Uint8Array | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const age = this.#now() - entry.storedAt;
    if (age >= entry.lifetime + this.#limits.staleFor) this.#entries.delete(key);
    if (age >= entry.lifetime + (stale ? this.#limits.staleFor : 0)) return undefined;
    return aged(entry, age);
  }
}

/** What an answer depends on: the question in lower case, and the flags and EDNS bits that change what is returned. */
export function cacheKey(request: Uint8Array, layout: MessageLayout): string {
  let key = '';
  for (let index = HEADER_OCTETS; index < layout.questionEnd - 4; index++)
    key += String.fromCharCode(lower(request[index]));
  for (let index = layout.questionEnd - 4; index < layout.questionEnd; index++) {
    key += String.fromCharCode(request[index] ?? 0);
  }
  const edns = layout.records.find(({ type }) => type === recordType.OPT);
  const dnssecOk = edns === undefined ? '-' : (request[edns.ttlOffset + 2] ?? 0) >> 7;
  return `${key}/${(request[2] ?? 0) & 1}/${(request[3] ?? 0) & 0x30}/${dnssecOk}`;
}

/** Length octets are below 64, so no letter: folding the whole name in place is safe. */
function lower(octet = 0): number {
  return octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet;
}

function aged({ response, ttlOffsets, lifetime }: Entry, age: number): Uint8Array {
  const copy = new Uint8Array(response);
  const view = new DataView(copy.buffer);
  for (const offset of ttlOffsets) {
    const left = view.getUint32(offset) - Math.floor(age);
    view.setUint32(offset, age >= lifetime ? STALE_TTL : Math.max(0, left));
  }
  return copy;
}

function lifetimeOf(response: Uint8Array, { records }: MessageLayout, limits: CacheLimits): number {
  const truncated = ((response[2] ?? 0) & 0x02) !== 0;
  const code = (response[3] ?? 0) & 15;
  if (truncated || (code !== responseCode.noError && code !== responseCode.nameError)) return 0;
  const view = new DataView(response.buffer, response.byteOffset, response.byteLength);
  const ttlOf = (record: RecordSpan) => {
    const ttl = view.getUint32(record.ttlOffset);
    return ttl > 0x7fffffff ? 0 : ttl;
  };
  const kept = records.filter(({ type }) => type !== recordType.OPT);
  const answers = kept.filter(({ section }) => section === 'answer');
  const authority = kept.find(({ type, section }) => type === recordType.SOA && section === 'authority');
  const ttls = kept.map(ttlOf);
  if (isPositive(response, answers)) return Math.min(limits.maximumTtl, ...ttls);
  // RFC 2308, section 5: a negative answer without SOA is not kept.
  if (authority === undefined) return 0;
  return Math.min(limits.maximumNegativeTtl, view.getUint32(authority.end - 4), ...ttls);
}

/** A CNAME that leads to nothing is a negative answer (RFC 2308, section 2.2). */
function isPositive(response: Uint8Array, answers: readonly RecordSpan[]): boolean {
  if (((response[3] ?? 0) & 15) !== responseCode.noError) return false;
  const asked = skipName(response, HEADER_OCTETS);
  const type = ((response[asked] ?? 0) << 8) | (response[asked + 1] ?? 0);
  const ANY = 255;
  return answers.some((record) => record.type === type || type === ANY);
}

import { FairleadError } from '@fairlead/base';
import { Cache, cacheKey } from './cache.ts';
import { exchangeDatagram, exchangeStream, type UpstreamSockets } from './exchange.ts';
import { hedge, type PlannedAttempt } from './hedge.ts';
import { HEADER_OCTETS } from './message.ts';
import { layoutOf, type MessageLayout } from './message-layout.ts';
import { responseCode } from './record-type.ts';
import { formatUpstream, type Upstream, UpstreamHealth } from './upstream.ts';

/** Waiting times in milliseconds. */
export interface ForwardTiming {
  /** The next server is asked when the one before has been silent for this long. */
  readonly hedge: number;
  /** All servers that were silent are asked once more after this. */
  readonly retry: number;
  /** For how long a denial from a later server waits for an earlier one, which may know the name. */
  readonly patience: number;
  /** For everything: below the 5 s for which resolvers usually wait. */
  readonly deadline: number;
}

/** Times that fit the usual client. */
const defaultForwardTiming: ForwardTiming = { hedge: 300, retry: 1000, patience: 700, deadline: 4000 };

/** What a forwarder is made of. */
export interface ForwarderOptions {
  /** In the order of preference. */
  readonly upstreams: readonly Upstream[];
  readonly sockets: UpstreamSockets;
  readonly cache?: Cache;
  readonly health?: UpstreamHealth;
  readonly timing?: ForwardTiming;
}

/** How the client asked, and so how servers are asked first. */
export type Transport = 'udp' | 'tcp';

/** A server that answered, but with a failure: asking it again is of no use. */
class RefusedError extends FairleadError {}

/** Asks upstream servers, keeps what they say, and asks only once what several ask at the same time. */
export class Forwarder {
  readonly upstreams: readonly Upstream[];
  readonly #sockets: UpstreamSockets;
  readonly #cache: Cache;
  readonly #health: UpstreamHealth;
  readonly #timing: ForwardTiming;
  readonly #underWay = new Map<string, Promise<Uint8Array>>();

  constructor({ upstreams, sockets, cache, health, timing }: ForwarderOptions) {
    this.upstreams = upstreams;
    this.#sockets = sockets;
    this.#cache = cache ?? new Cache();
    this.#health = health ?? new UpstreamHealth();
    this.#timing = timing ?? defaultForwardTiming;
  }

  /** The response to a request when it is known already. */
  cached(request: Uint8Array, layout: MessageLayout): Uint8Array | undefined {
    const response = this.#cache.find(cacheKey(request, layout));
    return response === undefined ? undefined : readdressed(response, request, layout);
  }

  /**
   * The response to a request. When no server answers, one that ran out not long ago.
   *
   * @throws FairleadError `unavailable` when there is neither.
   */
  async forward(request: Uint8Array, layout: MessageLayout, transport: Transport): Promise<Uint8Array> {
    const key = cacheKey(request, layout);
    const sharedKey = `${transport} ${key}`;
    let response = this.#underWay.get(sharedKey);
    if (response === undefined) {
      response = this.#ask(request, layout, key, transport).finally(() => this.#underWay.delete(sharedKey));
      this.#underWay.set(sharedKey, response);
    }
    return readdressed(await response, request, layout);
  }

  async #ask(request: Uint8Array, layout: MessageLayout, key: string, transport: Transport): Promise<Uint8Array> {
    try {
      const response = await hedge(this.#plan(request, layout, transport), {
        deadline: this.#timing.deadline,
        patience: this.#timing.patience,
        isTentative: (each) => codeOf(each) === responseCode.nameError,
      });
      this.#cache.store(key, response);
      return response;
    } catch (error) {
      const stale = this.#cache.find(key, { stale: true });
      if (stale === undefined) throw error;
      return stale;
    }
  }

  #plan(request: Uint8Array, layout: MessageLayout, transport: Transport): PlannedAttempt<Uint8Array>[] {
    const ranked = this.#health.rank(this.upstreams);
    const settled = new Set<Upstream>();
    const attempt = (upstream: Upstream) => async (signal: AbortSignal) => {
      if (settled.has(upstream)) throw new RefusedError('unavailable', 'already answered with a failure');
      try {
        return await this.#askOne(upstream, request, layout, transport, signal);
      } catch (error) {
        if (signal.aborted) throw error;
        settled.add(upstream);
        if (!(error instanceof RefusedError)) this.#health.failed(upstream);
        throw error;
      } finally {
        if (signal.aborted && !settled.has(upstream)) this.#health.failed(upstream);
      }
    };
    return [
      ...ranked.map((upstream) => ({ attempt: attempt(upstream), delay: this.#timing.hedge })),
      ...ranked.map((upstream, index) => ({
        attempt: attempt(upstream),
        delay: index === 0 ? this.#timing.retry : this.#timing.hedge,
      })),
    ];
  }

  async #askOne(
    upstream: Upstream,
    request: Uint8Array,
    layout: MessageLayout,
    transport: Transport,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const query = withRandomIdentifier(request);
    const matches = (response: Uint8Array) => answersQuery(response, query, layout);
    const overStream = () => exchangeStream(this.#sockets, upstream, query, matches, signal);
    let response: Uint8Array;
    if (transport === 'tcp') {
      response = await overStream();
    } else {
      response = await exchangeDatagram(this.#sockets, upstream, query, matches, signal);
      // What was cut off is fetched whole; if that fails the client can still make something of the beginning.
      if (isTruncated(response)) response = await overStream().catch(() => response);
    }
    this.#health.answered(upstream);
    const code = codeOf(response);
    if (code === responseCode.serverFailure || code === responseCode.refused) {
      throw new RefusedError('unavailable', `${formatUpstream(upstream)} answered with code ${code}`);
    }
    // A malformed response is worth as much as none.
    layoutOf(response);
    return response;
  }
}

function withRandomIdentifier(request: Uint8Array): Uint8Array {
  const query = new Uint8Array(request);
  crypto.getRandomValues(query.subarray(0, 2));
  return query;
}

/** Same identifier, a response, and the same question, however it is spelled. */
function answersQuery(response: Uint8Array, query: Uint8Array, { questionEnd }: MessageLayout): boolean {
  if (response.length < questionEnd || response[0] !== query[0] || response[1] !== query[1]) return false;
  if (((response[2] ?? 0) & 0x80) === 0) return false;
  for (let index = HEADER_OCTETS; index < questionEnd; index++) {
    const [one = 0, other = 0] = [response[index], query[index]];
    if (one !== other && ((one ^ other) !== 0x20 || (one | 0x20) < 0x61 || (one | 0x20) > 0x7a)) return false;
  }
  return true;
}

/** The response with the identifier and the spelling of a request for the same question. */
function readdressed(response: Uint8Array, request: Uint8Array, { questionEnd }: MessageLayout): Uint8Array {
  const copy = new Uint8Array(response);
  copy.set(request.subarray(0, 2));
  copy.set(request.subarray(HEADER_OCTETS, questionEnd), HEADER_OCTETS);
  // RA: whatever the server says, through us recursion is available.
  copy[3] = (copy[3] ?? 0) | 0x80;
  return copy;
}

function codeOf(response: Uint8Array): number {
  return (response[3] ?? 0) & 15;
}

function isTruncated(response: Uint8Array): boolean {
  return ((response[2] ?? 0) & 0x02) !== 0;
}

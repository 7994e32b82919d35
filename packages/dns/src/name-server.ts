import type { Forwarder, Transport } from './forwarder.ts';
import {
  decodeMessage,
  encodeMessage,
  HEADER_OCTETS,
  type Message,
  type Question,
  type ResourceRecord,
} from './message.ts';
import { isPlainQuery, layoutOf, type MessageLayout, payloadLimit, truncate } from './message-layout.ts';
import { type AddressBlock, ReadyAnswers, shuffleAddresses } from './ready-answers.ts';
import type { RecordData } from './record-data.ts';
import { classInternet, responseCode } from './record-type.ts';
import { answer, type ZoneAnswer, type ZoneOptions, type ZoneView } from './zone.ts';

/** Our own EDNS payload size: fits into one Ethernet frame (DNS flag day 2020). */
const OWN_PAYLOAD_OCTETS = 1232;
/** Largest UDP response, and so the size of the slots in which they are built. */
export const MAX_DATAGRAM_OCTETS = 4096;
/** Questions of one asker that may be under way at a time, as Docker has it. */
const MAX_FORWARDS = 1024;

/** What a server answers from; read anew for each question, so that a change takes effect at once. */
export interface NameSource {
  readonly view: ZoneView;
  /** Grows when anything that `view` says may have changed. */
  readonly generation: number;
  readonly options: ZoneOptions;
  /** Absent when nothing may or can be asked outside. */
  readonly forwarder: Forwarder | undefined;
}

/** What a name server has done. */
export interface NameCounters {
  readonly queries: number;
  /** Answered from the zone. */
  readonly local: number;
  /** Answered from what other servers said before. */
  readonly cached: number;
  readonly forwarded: number;
  /** No server answered, or nobody may be asked. */
  readonly failed: number;
}

/** Answers requests of one asker: octets in, octets out, no sockets. */
export class NameServer {
  readonly #source: NameSource;
  readonly #ready = new ReadyAnswers();
  #forwards = 0;
  readonly #counters = { queries: 0, local: 0, cached: 0, forwarded: 0, failed: 0 };

  constructor(source: NameSource) {
    this.#source = source;
  }

  /** What it has done so far. */
  get counters(): NameCounters {
    return { ...this.#counters };
  }

  /**
   * Answer the request in the first `length` octets of `slot`, which must have room for {@link MAX_DATAGRAM_OCTETS}.
   *
   * @param later is called when the answer has to wait; what it returns is called with the answer.
   * @returns the length of the response that is now in the slot; 0 when there is none or none yet.
   */
  answerDatagram(slot: Uint8Array, length: number, later: () => (response: Uint8Array) => void): number {
    this.#ready.revalidate(this.#source.generation);
    const ready = this.#ready.respond(slot, length);
    if (ready > 0) {
      this.#counters.queries++;
      this.#counters.local++;
      return ready;
    }
    const response = this.respond(slot.slice(0, length), 'udp');
    if (response === undefined) return 0;
    if (response instanceof Promise) {
      const send = later();
      void response.then(send);
      return 0;
    }
    slot.set(response);
    return response.length;
  }

  /** The response to a request, `undefined` for what deserves none. Never rejects. */
  respond(request: Uint8Array, transport: Transport): Uint8Array | Promise<Uint8Array> | undefined {
    if (request.length < HEADER_OCTETS || ((request[2] ?? 0) & 0x80) !== 0) return undefined;
    let layout: MessageLayout;
    try {
      layout = layoutOf(request);
    } catch {
      return refusal(request, HEADER_OCTETS, responseCode.formatError);
    }
    if (((request[2] ?? 0) & 0x78) !== 0) return refusal(request, layout.questionEnd, responseCode.notImplemented);
    this.#counters.queries++;
    const limit = transport === 'tcp' ? 65535 : Math.min(payloadLimit(request, layout), MAX_DATAGRAM_OCTETS);
    const local = isPlainQuery(request, layout) ? this.#answerLocally(request, limit, transport) : undefined;
    if (local !== undefined) this.#counters.local++;
    return local ?? this.#forward(request, layout, limit, transport);
  }

  #answerLocally(
    request: Uint8Array,
    limit: number,
    transport: Transport,
  ): Uint8Array | Promise<Uint8Array> | undefined {
    const { view, options } = this.#source;
    let query: Message;
    try {
      query = decodeMessage(request);
    } catch {
      return refusal(request, HEADER_OCTETS, responseCode.formatError);
    }
    const [question] = query.questions ?? [];
    const found = question === undefined ? undefined : answer(view, question, options);
    if (found === undefined || found.kind === 'forward') return undefined;
    if (found.kind === 'alias') return this.#completeAlias(query, found.records, found.target, limit, transport);
    const response = completeResponse(query, found, limit);
    const { records } = found;
    const addresses = areAll(records, ({ type }) => type === 'A' || type === 'AAAA')
      ? addressBlockOf(response)
      : noAddresses;
    shuffleAddresses(response, addresses);
    const whole = response.length <= limit;
    if (whole && transport === 'udp' && !areSeveralServices(records)) this.#ready.store(request, response, addresses);
    return whole ? response : truncate(response, limit);
  }

  /** Resolvers of the C libraries do not go on from an alias by themselves: whoever says it has to say where it leads. */
  async #completeAlias(
    query: Message,
    records: readonly ResourceRecord[],
    target: string,
    limit: number,
    transport: Transport,
  ): Promise<Uint8Array> {
    const [question] = query.questions ?? [];
    const { forwarder } = this.#source;
    const rest = await this.#askOutside({ ...question, name: target }, forwarder, transport);
    const { answers = [], authorities = [], code = 0 } = rest ?? { code: responseCode.serverFailure };
    const response = encodeMessage({ ...responseTo(query), answers: [...records, ...answers], authorities, code });
    return truncate(response, limit);
  }

  async #askOutside(
    { name, type = 0, class: among = classInternet }: Partial<Question> & { readonly name: string },
    forwarder: Forwarder | undefined,
    transport: Transport,
  ): Promise<Message | undefined> {
    if (forwarder === undefined || forwarder.upstreams.length === 0) return undefined;
    const request = encodeMessage({ id: 0, recursionDesired: true, questions: [{ name, type, class: among }] });
    const layout = layoutOf(request);
    try {
      return decodeMessage(forwarder.cached(request, layout) ?? (await forwarder.forward(request, layout, transport)));
    } catch {
      return undefined;
    }
  }

  #forward(request: Uint8Array, layout: MessageLayout, limit: number, transport: Transport) {
    const { forwarder } = this.#source;
    const failure = () => {
      this.#counters.failed++;
      return refusal(request, layout.questionEnd, responseCode.serverFailure);
    };
    if (forwarder === undefined || forwarder.upstreams.length === 0) return failure();
    const cached = forwarder.cached(request, layout);
    if (cached !== undefined) {
      this.#counters.cached++;
      return truncate(cached, limit);
    }
    if (this.#forwards >= MAX_FORWARDS) return refusal(request, layout.questionEnd, responseCode.refused);
    this.#forwards++;
    this.#counters.forwarded++;
    return forwarder
      .forward(request, layout, transport)
      .then((response) => truncate(response, limit))
      .catch(failure)
      .finally(() => this.#forwards--);
  }
}

/** A response without what was not asked for, if it is too long with it: nothing is missing then (RFC 2181, section 9). */
function completeResponse(query: Message, found: ZoneAnswer & { readonly kind: 'local' }, limit: number): Uint8Array {
  const { records, additionals = [], code = responseCode.noError } = found;
  // Who takes the first that comes shall find each of them in turn.
  const answers = areSeveralServices(records) ? shuffled(records) : records;
  const response = encodeMessage({ ...responseTo(query), answers, additionals, code });
  if (response.length <= limit || additionals.length === 0) return response;
  return encodeMessage({ ...responseTo(query), answers, code });
}

function areSeveralServices(records: readonly ResourceRecord[]): boolean {
  return records.length > 1 && areAll(records, ({ type }) => type === 'SRV');
}

function areAll(records: readonly ResourceRecord[], test: (data: RecordData) => boolean): boolean {
  return records.every(({ data }) => test(data));
}

function shuffled<T>(items: readonly T[]): readonly T[] {
  const drawn = items.map((item) => ({ item, lot: Math.random() }));
  return drawn.sort((one, other) => one.lot - other.lot).map(({ item }) => item);
}

/** Header and question of an answer of our own. */
function responseTo(query: Message): Message {
  return {
    id: query.id,
    response: true,
    recursionDesired: query.recursionDesired ?? false,
    recursionAvailable: true,
    checkingDisabled: query.checkingDisabled ?? false,
    questions: query.questions ?? [],
    ...(query.edns === undefined ? {} : { edns: { payloadSize: OWN_PAYLOAD_OCTETS } }),
  };
}

const noAddresses: AddressBlock = { start: 0, stride: 0, size: 0, count: 0 };

/** Header and question of the request as a response with nothing but a code. */
function refusal(request: Uint8Array, questionEnd: number, code: number): Uint8Array {
  const response = request.slice(0, questionEnd);
  response[2] = 0x80 | ((request[2] ?? 0) & 0x79);
  response[3] = 0x80 | code;
  response.fill(0, 4, HEADER_OCTETS);
  if (questionEnd > HEADER_OCTETS) response[5] = 1;
  return response;
}

/** The addresses of a response whose answers are all alike, as ours are: owner compressed to two octets. */
function addressBlockOf(response: Uint8Array): AddressBlock {
  const answers = layoutOf(response).records.filter(({ section }) => section === 'answer');
  const [first, second] = answers;
  if (first === undefined) return noAddresses;
  const start = first.ttlOffset + 6;
  return { start, stride: (second ?? first).end - first.end, size: first.end - start, count: answers.length };
}

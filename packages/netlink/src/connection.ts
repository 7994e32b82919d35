import {
  decodeMessages,
  flagsOf,
  joinMessages,
  type Message,
  messageFlag,
  messageType,
  setSequence,
  typeOf,
} from './message.ts';
import { type Acknowledgement, decodeAcknowledgement, NetlinkError } from './netlink-error.ts';

/** A socket to the kernel, or a fake of one. */
export interface NetlinkTransport {
  /** Hand over one datagram. The kernel carries its requests out before this returns. */
  send(bytes: Uint8Array): void;
  /** The next datagram, waiting for it if need be. Valid until the next call. */
  receive(): Uint8Array;
}

/** A request of a batch and what to call it in an error. */
export interface BatchRequest {
  readonly operation: string;
  readonly message: Uint8Array;
}

/** NFNL_MSG_BATCH_BEGIN (include/uapi/linux/netfilter/nfnetlink.h). */
const BATCH_BEGIN = 0x10;
/** How often a dump is asked for again when what it shows changed meanwhile. */
const DUMP_ATTEMPTS = 8;

/** Speaks netlink's rules over a transport: numbering, acknowledgements, answers in several parts, broken dumps. */
export class NetlinkConnection {
  readonly #transport: NetlinkTransport;
  #sequence = 0;

  constructor(transport: NetlinkTransport) {
    this.#transport = transport;
  }

  /**
   * Send one request and wait for its end: the acknowledgement when it asked for one, the last part of a dump, or else
   * the first answer. A dump that changed meanwhile is repeated.
   *
   * @param operation words for the error: `add link web0`.
   * @returns the answers, without acknowledgement; their bodies are copies that may be kept.
   * @throws NetlinkError when the kernel refuses.
   */
  execute(operation: string, request: Uint8Array): Message[] {
    for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
      const answers = this.#once(operation, request);
      if (answers !== undefined) return answers;
    }
    throw new NetlinkError(operation, 'EAGAIN', { extack: 'the dump changed every time it was taken' });
  }

  /**
   * Send several requests in one datagram and wait for the acknowledgement of the last one that asks for any. Errors
   * are sent for the others without being asked for. rtnetlink goes on after a failure; nfnetlink undoes the batch.
   *
   * @throws NetlinkError of the first request that failed.
   */
  executeBatch(requests: readonly BatchRequest[]): void {
    const first = this.#sequence + 1;
    for (const { message } of requests) setSequence(message, this.#nextSequence());
    const last = requests.findLastIndex(({ message }) => (flagsOf(message) & messageFlag.acknowledge) !== 0);
    if (last < 0) throw new TypeError('no request of the batch asks for an acknowledgement');
    this.#transport.send(joinMessages(requests.map(({ message }) => message)));
    const framed = requests[0] !== undefined && typeOf(requests[0].message) === BATCH_BEGIN;
    const failures = this.#collectFailures(first, last, framed);
    if (failures.size === 0) return;
    const index = Math.min(...failures.keys());
    throw errorOf(requests[index]?.operation ?? 'batch', failures.get(index) ?? {});
  }

  #collectFailures(first: number, last: number, framed: boolean): Map<number, Acknowledgement> {
    const failures = new Map<number, Acknowledgement>();
    for (;;) {
      for (const message of decodeMessages(this.#transport.receive())) {
        const index = message.sequence - first;
        if (message.type !== messageType.error || index < 0) continue;
        const acknowledgement = decodeAcknowledgement(message);
        if (acknowledgement.errno !== undefined && !failures.has(index)) failures.set(index, acknowledgement);
        // Only a batch that is refused as a whole is answered at its frame; the answers to its parts may be missing.
        if (index === last || (framed && index === 0)) return failures;
      }
    }
  }

  /**
   * As {@link execute} for one request with an acknowledgement, sent by `send` on another thread. Nothing else may use
   * the connection meanwhile.
   */
  async executeOffThread(
    operation: string,
    request: Uint8Array,
    send: (bytes: Uint8Array) => Promise<void>,
  ): Promise<void> {
    const sequence = this.#number(request);
    await send(request);
    this.#collect(operation, sequence, flagsOf(request));
  }

  /** `undefined` when the dump has to be repeated. */
  #once(operation: string, request: Uint8Array): Message[] | undefined {
    const sequence = this.#number(request);
    this.#transport.send(request);
    return this.#collect(operation, sequence, flagsOf(request));
  }

  #number(request: Uint8Array): number {
    const sequence = this.#nextSequence();
    setSequence(request, sequence);
    return sequence;
  }

  #collect(operation: string, sequence: number, flags: number): Message[] | undefined {
    const answers: Message[] = [];
    let interrupted = false;
    for (;;) {
      for (const message of decodeMessages(this.#transport.receive())) {
        if (message.sequence !== sequence) continue;
        if ((message.flags & messageFlag.dumpInterrupted) !== 0) interrupted = true;
        if (message.type === messageType.error || message.type === messageType.done) {
          throwIfRefused(operation, message);
          return interrupted ? undefined : answers;
        }
        answers.push({ ...message, body: message.body.slice() });
        if (isComplete(flags, message)) return answers;
      }
    }
  }

  #nextSequence(): number {
    this.#sequence = (this.#sequence + 1) >>> 0;
    return this.#sequence;
  }
}

function throwIfRefused(operation: string, message: Message): void {
  const acknowledgement = decodeAcknowledgement(message, message.type === messageType.error);
  if (acknowledgement.errno !== undefined) throw errorOf(operation, acknowledgement);
}

function errorOf(operation: string, { errno = 'EIO', ...details }: Acknowledgement): NetlinkError {
  return new NetlinkError(operation, errno, details);
}

/** True for the only answer to a request that asked for no acknowledgement. */
function isComplete(requestFlags: number, message: Message): boolean {
  return (requestFlags & messageFlag.acknowledge) === 0 && (message.flags & messageFlag.multipart) === 0;
}

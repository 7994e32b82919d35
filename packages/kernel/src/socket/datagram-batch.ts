import type { IpAddress } from '@fairlead/base';
import { addressOfBuffer, close, recvmmsg, sendmmsg, sendto, whenReadable } from '../system-call/syscalls.ts';
import { socketAddressOf } from './socket-address.ts';

/**
 * Takes the datagram in the first `length` bytes of `slot` and leaves its answer there.
 *
 * @param later is called during the call when the answer has to wait; what it returns sends it then.
 * @returns the answer's length, 0 for none or none yet.
 */
export type BatchHandler = (slot: Uint8Array, length: number, later: () => (answer: Uint8Array) => void) => number;

/** Datagrams taken by one system call. More gain nothing measurable, and delay other sockets. */
const SLOTS = 32;
const SLOT_BYTES = 4096;
/** Size of sockaddr_in6, rounded up to a multiple of 8. */
const ADDRESS_BYTES = 32;
/** struct mmsghdr and struct iovec of 64-bit platforms. */
const HEADER_BYTES = 64;
const VECTOR_BYTES = 16;
const MSG_DONTWAIT = 0x40;

/** What recvmmsg(2) and sendmmsg(2) read and write: one for all sockets, for each batch is done within one call. */
class Arena {
  readonly slots: readonly Uint8Array[];
  readonly addresses = new Uint8Array(SLOTS * ADDRESS_BYTES);
  readonly received = new Uint8Array(SLOTS * HEADER_BYTES);
  readonly toSend = new Uint8Array(SLOTS * HEADER_BYTES);
  readonly #receivedWords = new Uint32Array(this.received.buffer);
  readonly #toSendWords = new Uint32Array(this.toSend.buffer);
  // The kernel writes through addresses in the headers; these fields keep what lies there from being collected.
  readonly #payload = new Uint8Array(SLOTS * SLOT_BYTES);
  readonly #vectors = new Uint8Array(2 * SLOTS * VECTOR_BYTES);
  readonly #vectorWords = new Uint32Array(this.#vectors.buffer);

  constructor() {
    this.slots = Array.from({ length: SLOTS }, (_, index) =>
      this.#payload.subarray(index * SLOT_BYTES, (index + 1) * SLOT_BYTES),
    );
    this.#point(this.received, 0);
    this.#point(this.toSend, SLOTS);
  }

  /** Length of a received datagram. */
  receivedLength(index: number): number {
    return this.#receivedWords[index * 16 + 14] ?? 0;
  }

  /** Length of a peer's address; the kernel shortens it, so it is set back for the next batch. */
  takeAddressLength(index: number): number {
    const length = this.#receivedWords[index * 16 + 2] ?? 0;
    this.#receivedWords[index * 16 + 2] = ADDRESS_BYTES;
    return length;
  }

  /** Make the element `at` of the batch to send the answer in slot `index`. */
  prepareSend(at: number, index: number, length: number, addressLength: number): void {
    const header = at * 16;
    // The low words suffice to tell slots apart only within one 4 GiB range, so both words are copied.
    this.#toSendWords[header] = this.#receivedWords[index * 16] ?? 0;
    this.#toSendWords[header + 1] = this.#receivedWords[index * 16 + 1] ?? 0;
    this.#toSendWords[header + 2] = addressLength;
    const vector = (SLOTS + at) * 4;
    this.#vectorWords[vector] = this.#vectorWords[index * 4] ?? 0;
    this.#vectorWords[vector + 1] = this.#vectorWords[index * 4 + 1] ?? 0;
    this.#vectorWords[vector + 2] = length;
  }

  #point(headers: Uint8Array, firstVector: number): void {
    const header = new DataView(headers.buffer);
    const vector = new DataView(this.#vectors.buffer);
    const [payloadAt, addressesAt, vectorsAt] = [this.#payload, this.addresses, this.#vectors].map(addressOfBuffer);
    for (let index = 0; index < SLOTS; index++) {
      const at = (firstVector + index) * VECTOR_BYTES;
      vector.setBigUint64(at, (payloadAt ?? 0n) + BigInt(index * SLOT_BYTES), true);
      vector.setBigUint64(at + 8, BigInt(SLOT_BYTES), true);
      header.setBigUint64(index * HEADER_BYTES, (addressesAt ?? 0n) + BigInt(index * ADDRESS_BYTES), true);
      header.setUint32(index * HEADER_BYTES + 8, ADDRESS_BYTES, true);
      header.setBigUint64(index * HEADER_BYTES + 16, (vectorsAt ?? 0n) + BigInt(at), true);
      header.setBigUint64(index * HEADER_BYTES + 24, 1n, true);
    }
  }
}

let arena: Arena | undefined;

/** A socket that is being served. */
export interface DatagramService extends Disposable {
  /** Send a datagram unasked; it may get lost like any other. */
  send(datagram: Uint8Array, address: IpAddress, port: number): void;
}

/**
 * Answer the datagrams of a bound UDP socket on the event loop, many with each system call. Owns the descriptor:
 * disposing stops and closes it; keep what is returned, for what the collector takes is no longer served. A handler that
 * throws loses its own datagram only.
 *
 * @example
 * const descriptor = openDatagramSocket({ family: 4, address: loopback, port: 0 });
 * using echo = serveDatagramBatches(descriptor, (slot, length) => length);
 */
export function serveDatagramBatches(descriptor: number, handler: BatchHandler): DatagramService {
  arena ??= new Arena();
  const shared = arena;
  let open = true;
  const later = (index: number, addressLength: number) => () => {
    const address = shared.addresses.slice(index * ADDRESS_BYTES, index * ADDRESS_BYTES + addressLength);
    return (answer: Uint8Array) => {
      if (open) attempt(() => sendto(descriptor, answer, answer.length, MSG_DONTWAIT, address, addressLength));
    };
  };
  const serveBatch = () => {
    const count = attempt(() => recvmmsg(descriptor, shared.received, SLOTS, MSG_DONTWAIT, null));
    let answers = 0;
    for (let index = 0; index < count; index++) {
      const addressLength = shared.takeAddressLength(index);
      const slot = shared.slots[index] ?? new Uint8Array(SLOT_BYTES);
      const length = attempt(() => handler(slot, shared.receivedLength(index), later(index, addressLength)));
      if (length > 0) shared.prepareSend(answers++, index, length, addressLength);
    }
    sendAll(descriptor, shared.toSend, answers);
  };
  const readiness = whenReadable(descriptor, serveBatch);
  return {
    send(datagram, address, port) {
      const to = socketAddressOf(address, port);
      if (open) attempt(() => sendto(descriptor, datagram, datagram.length, MSG_DONTWAIT, to, to.length));
    },
    [Symbol.dispose]() {
      if (!open) return;
      open = false;
      readiness[Symbol.dispose]();
      close(descriptor);
    },
  };
}

/** sendmmsg(2) stops at a datagram that cannot be sent: leave that one out, UDP may lose it anyway. */
function sendAll(descriptor: number, headers: Uint8Array, count: number): void {
  for (let sent = 0; sent < count; ) {
    const rest = sent === 0 ? headers : headers.subarray(sent * HEADER_BYTES);
    sent += Math.max(
      1,
      attempt(() => sendmmsg(descriptor, rest, count - sent, MSG_DONTWAIT)),
    );
  }
}

/** The result, or 0 on failure: no answer is an answer that UDP allows. */
function attempt(work: () => number): number {
  try {
    return work();
  } catch {
    return 0;
  }
}

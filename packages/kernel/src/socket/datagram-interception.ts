import { addressOfBuffer, close, recvmmsg, sendmmsg, setsockopt, whenReadable } from '../system-call/syscalls.ts';
import { SystemCallError } from '../system-call/system-call-error.ts';

/**
 * Takes a datagram that was on its way to somebody else. All three are only valid during the call.
 *
 * @param source and
 * @param destination are structures sockaddr_in6, see `readSocketAddress`.
 */
export type InterceptedHandler = (datagram: Uint8Array, source: Uint8Array, destination: Uint8Array) => void;

/** Datagrams taken by one system call. */
const SLOTS = 16;
const SLOT_BYTES = 65_536;
/** struct sockaddr_in6, and where the interface of a link-local address stands in it. */
const ADDRESS_BYTES = 28;
const SCOPE_OFFSET = 24;
/** Room for one control message: a header of 16 bytes and a sockaddr_in6, rounded up (cmsg(3)). */
const CONTROL_BYTES = 48;
const CONTROL_HEADER = 16;
/** struct mmsghdr and struct iovec of 64-bit platforms. */
const HEADER_BYTES = 64;
const VECTOR_BYTES = 16;
/** Offsets in struct mmsghdr. */
const header = { name: 0, nameLength: 8, vectors: 16, vectorCount: 24, control: 32, controlLength: 40, received: 56 };
const MSG_DONTWAIT = 0x40;
const IPPROTO_IPV6 = 41;
const IPV6_PKTINFO = 50;
const IPV6_RECVORIGDSTADDR = 74;
/** Header, address and interface index of an IPV6_PKTINFO message. */
const PACKET_INFO_LENGTH = CONTROL_HEADER + 20;
const on = Uint8Array.of(1, 0, 0, 0);

/** Messages with addresses and control data, as recvmmsg(2) and sendmmsg(2) read and write them. */
class MessageArena {
  readonly headers: Uint8Array;
  readonly #words: DataView;
  readonly #payload: Uint8Array;
  readonly #addresses: Uint8Array;
  readonly #control: Uint8Array;
  readonly #vectors: Uint8Array;
  readonly #vectorWords: DataView;

  constructor(slots: number) {
    this.headers = new Uint8Array(slots * HEADER_BYTES);
    this.#words = new DataView(this.headers.buffer);
    this.#payload = new Uint8Array(slots * SLOT_BYTES);
    this.#addresses = new Uint8Array(slots * ADDRESS_BYTES);
    this.#control = new Uint8Array(slots * CONTROL_BYTES);
    this.#vectors = new Uint8Array(slots * VECTOR_BYTES);
    this.#vectorWords = new DataView(this.#vectors.buffer);
    const start = [this.#payload, this.#addresses, this.#control, this.#vectors].map(addressOfBuffer);
    const [payload = 0n, addresses = 0n, control = 0n, vectors = 0n] = start;
    for (let slot = 0; slot < slots; slot++) {
      this.#vectorWords.setBigUint64(slot * VECTOR_BYTES, payload + BigInt(slot * SLOT_BYTES), true);
      this.#vectorWords.setBigUint64(slot * VECTOR_BYTES + 8, BigInt(SLOT_BYTES), true);
      const at = slot * HEADER_BYTES;
      this.#words.setBigUint64(at + header.name, addresses + BigInt(slot * ADDRESS_BYTES), true);
      this.#words.setBigUint64(at + header.vectors, vectors + BigInt(slot * VECTOR_BYTES), true);
      this.#words.setBigUint64(at + header.vectorCount, 1n, true);
      this.#words.setBigUint64(at + header.control, control + BigInt(slot * CONTROL_BYTES), true);
      this.rewind(slot);
    }
  }

  /** The kernel shortens the lengths to what it wrote; set them back. */
  rewind(slot: number): void {
    this.#words.setUint32(slot * HEADER_BYTES + header.nameLength, ADDRESS_BYTES, true);
    this.#words.setBigUint64(slot * HEADER_BYTES + header.controlLength, BigInt(CONTROL_BYTES), true);
  }

  datagram(slot: number): Uint8Array {
    const length = this.#words.getUint32(slot * HEADER_BYTES + header.received, true);
    return this.#payload.subarray(slot * SLOT_BYTES, slot * SLOT_BYTES + length);
  }

  address(slot: number): Uint8Array {
    return this.#addresses.subarray(slot * ADDRESS_BYTES, (slot + 1) * ADDRESS_BYTES);
  }

  /** The data of the only control message that was asked for. */
  destination(slot: number): Uint8Array {
    const at = slot * CONTROL_BYTES + CONTROL_HEADER;
    return this.#control.subarray(at, at + ADDRESS_BYTES);
  }

  /** Prepare the first message for sending: `to` and `from` are structures sockaddr_in6. */
  compose(datagram: Uint8Array, from: Uint8Array, to: Uint8Array): void {
    this.#payload.set(datagram);
    this.#vectorWords.setBigUint64(8, BigInt(datagram.length), true);
    this.#addresses.set(to);
    const control = new DataView(this.#control.buffer);
    control.setBigUint64(0, BigInt(PACKET_INFO_LENGTH), true);
    control.setUint32(8, IPPROTO_IPV6, true);
    control.setUint32(12, IPV6_PKTINFO, true);
    this.#control.set(from.subarray(8, 24), CONTROL_HEADER);
    this.#control.set(to.subarray(SCOPE_OFFSET, SCOPE_OFFSET + 4), CONTROL_HEADER + 16);
    this.#words.setBigUint64(header.controlLength, BigInt((PACKET_INFO_LENGTH + 7) & ~7), true);
  }
}

/** One each for all sockets, for a batch is done within one call. */
let incoming: MessageArena | undefined;
let outgoing: MessageArena | undefined;

/**
 * Take the datagrams that a `tproxy` rule hands to a transparent IPv6 socket, with the destinations that they had. Owns
 * the descriptor: disposing stops and closes it; keep what is returned, for what the collector takes is no longer
 * served. A handler that throws loses its own datagram only.
 *
 * @throws SystemCallError when the descriptor is no IPv6 socket.
 */
export function interceptDatagrams(descriptor: number, handler: InterceptedHandler): Disposable {
  setsockopt(descriptor, IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, on, 4);
  incoming ??= new MessageArena(SLOTS);
  const arena = incoming;
  const readiness = whenReadable(descriptor, () => {
    const count = attempt(() => recvmmsg(descriptor, arena.headers, SLOTS, MSG_DONTWAIT, null));
    for (let slot = 0; slot < count; slot++) {
      attempt(() => handler(arena.datagram(slot), arena.address(slot), arena.destination(slot)));
      arena.rewind(slot);
    }
  });
  let open = true;
  return {
    [Symbol.dispose]() {
      if (!open) return;
      open = false;
      readiness[Symbol.dispose]();
      close(descriptor);
    },
  };
}

/**
 * Send a datagram from one of the host's addresses, which a socket that is bound to all of them can choose; it may get
 * lost like any other.
 *
 * @param from structure sockaddr_in6 of which only the address counts: the port is the socket's.
 * @param to structure sockaddr_in6.
 */
export function sendDatagramFrom(descriptor: number, datagram: Uint8Array, from: Uint8Array, to: Uint8Array): void {
  outgoing ??= new MessageArena(1);
  outgoing.compose(datagram, from, to);
  const { headers } = outgoing;
  try {
    sendmmsg(descriptor, headers, 1, MSG_DONTWAIT);
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
  }
}

/** The result, or 0 on failure: what UDP brings may get lost. */
function attempt(work: () => unknown): number {
  try {
    const result = work();
    return typeof result === 'number' ? result : 0;
  } catch {
    return 0;
  }
}

/** What differs between two answers to the same question: the order of addresses. */
export interface AddressBlock {
  /** Offset of the first address. */
  readonly start: number;
  /** Octets from one address to the next. */
  readonly stride: number;
  /** Octets of an address. */
  readonly size: number;
  readonly count: number;
}

interface Entry {
  /** The request without its identifier. */
  readonly request: Uint8Array;
  readonly response: Uint8Array;
  readonly addresses: AddressBlock;
}

/** Bounds what an asker with ever-changing questions can make us keep. */
const MAX_ENTRIES = 256;
const MAX_REQUEST_OCTETS = 320;

/**
 * Complete responses, found by the octets of the request, so that a question that was asked before is answered without
 * being understood. Everything but the identifier counts: flags, spelling and EDNS.
 */
export class ReadyAnswers {
  readonly #entries = new Map<number, Entry>();
  #generation = -1;

  /** Drop everything when the names have changed since the last call. */
  revalidate(generation: number): void {
    if (generation === this.#generation) return;
    this.#entries.clear();
    this.#generation = generation;
  }

  /** Replace the request in `slot` by its response, keeping the identifier; the response's length, 0 when not ready. */
  respond(slot: Uint8Array, length: number): number {
    const entry = this.#entries.get(hashOf(slot, length));
    if (entry === undefined || !sameRequest(entry.request, slot, length)) return 0;
    const { response, addresses } = entry;
    const [idHigh = 0, idLow = 0] = slot;
    slot.set(response);
    slot[0] = idHigh;
    slot[1] = idLow;
    if (addresses.count > 1) shuffleAddresses(slot, addresses);
    return response.length;
  }

  /** Keep a response for the request that it answers. */
  store(request: Uint8Array, response: Uint8Array, addresses: AddressBlock): void {
    if (request.length > MAX_REQUEST_OCTETS) return;
    if (this.#entries.size >= MAX_ENTRIES) this.#entries.clear();
    const entry = { request: request.slice(2), response: new Uint8Array(response), addresses };
    this.#entries.set(hashOf(request, request.length), entry);
  }
}

/** Put the addresses of a response into a random order, each as likely as any other (Fisher and Yates). */
export function shuffleAddresses(response: Uint8Array, { start, stride, size, count }: AddressBlock): void {
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    if (other === last) continue;
    for (let octet = 0; octet < size; octet++) {
      const one = start + last * stride + octet;
      const two = start + other * stride + octet;
      const held = response[one] ?? 0;
      response[one] = response[two] ?? 0;
      response[two] = held;
    }
  }
}

/** FNV-1a over everything behind the identifier. */
function hashOf(request: Uint8Array, length: number): number {
  let hash = 0x811c9dc5;
  for (let index = 2; index < length; index++) hash = Math.imul(hash ^ (request[index] ?? 0), 0x01000193);
  // A small integer keeps the map's keys off the heap.
  return hash & 0x3fffffff;
}

function sameRequest(known: Uint8Array, slot: Uint8Array, length: number): boolean {
  if (known.length !== length - 2) return false;
  for (let index = 0; index < known.length; index++) {
    if (known[index] !== slot[index + 2]) return false;
  }
  return true;
}

import { close, mapMemory, type SharedMemory, whenReadable } from '../system-call/syscalls.ts';
import { createBpfMap } from './bpf-call.ts';

/** BPF_MAP_TYPE_RINGBUF. */
const RING_BUFFER = 27;
const PAGE = 4096;
/** Bits of a record's length word (include/uapi/linux/bpf.h). */
const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;
const RECORD_HEADER = 8;

/** Somebody reads a ring. */
export interface RingReading extends Disposable {
  /** Hand over what has been written by now. */
  drain(): void;
}

/**
 * A ring into which BPF programs write records and from which we read them (Linux 5.8; kernel/bpf/ringbuf.c). What does
 * not fit is lost, and the program is told.
 */
export class EventRing implements Disposable {
  /** For `BPF_LD_MAP_FD`. */
  readonly descriptor: number;
  readonly #size: number;
  readonly #positions: SharedMemory;
  readonly #contents: SharedMemory;
  readonly #consumed: BigUint64Array;
  readonly #produced: BigUint64Array;
  readonly #lengths: Uint32Array;
  readonly #data: Uint8Array;
  #open = true;

  /** @param size bytes, a power of two and at least a page. */
  constructor(size: number) {
    this.#size = size;
    this.descriptor = createBpfMap({ type: RING_BUFFER, keySize: 0, valueSize: 0, entries: size });
    // One page says how far we have read, one how far was written; the data are mapped twice in a row.
    this.#positions = mapMemory(this.descriptor, { offset: 0, length: PAGE, writable: true });
    this.#contents = mapMemory(this.descriptor, { offset: PAGE, length: PAGE + 2 * size, writable: false });
    this.#consumed = new BigUint64Array(this.#positions.bytes, 0, 1);
    this.#produced = new BigUint64Array(this.#contents.bytes, 0, 1);
    this.#lengths = new Uint32Array(this.#contents.bytes, PAGE);
    this.#data = new Uint8Array(this.#contents.bytes, PAGE);
  }

  /**
   * Read what is written from now on, until disposed of. One reads at a time.
   *
   * @param handler gets each record, which is only valid during the call; on the event loop, or during `drain`.
   */
  read(handler: (record: Uint8Array) => void): RingReading {
    this.#consumed[0] = this.#produced[0] ?? 0n;
    let reading = true;
    const drain = () => {
      if (reading && this.#open) this.#drain(handler);
    };
    const readiness = whenReadable(this.descriptor, drain);
    return {
      drain,
      [Symbol.dispose]() {
        if (reading) readiness[Symbol.dispose]();
        reading = false;
      },
    };
  }

  /**
   * Only who has caught up is told of the next record (bpf_ringbuf_commit): one that came while we said so is looked for again.
   */
  #drain(handler: (record: Uint8Array) => void): void {
    while (this.#take(handler)) {
      // There may be more by now.
    }
  }

  /** @returns whether there was anything. */
  #take(handler: (record: Uint8Array) => void): boolean {
    const start = Atomics.load(this.#consumed, 0);
    const end = Atomics.load(this.#produced, 0);
    let position = start;
    while (position < end) {
      const at = Number(position % BigInt(this.#size));
      const word = Atomics.load(this.#lengths, at >> 2);
      if ((word & BUSY) !== 0) break;
      const length = (word & ~DISCARDED) >>> 0;
      const place = at + RECORD_HEADER;
      if ((word & DISCARDED) === 0) handler(this.#data.subarray(place, place + length));
      position += BigInt((length + RECORD_HEADER + 7) & ~7);
    }
    Atomics.store(this.#consumed, 0, position);
    return position > start;
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#positions[Symbol.dispose]();
    this.#contents[Symbol.dispose]();
    close(this.descriptor);
  }
}

import { ByteWriter, type ClassicInstruction } from '@fairlead/base';
import {
  bind,
  close,
  getsockopt,
  mapMemory,
  type SharedMemory,
  setsockopt,
  socket,
  whenReadable,
} from '../system-call/syscalls.ts';
import { attachFilter } from './socket-filter.ts';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_RX_RING = 5;
const PACKET_STATISTICS = 6;
const PACKET_VERSION = 10;
const TPACKET_V3 = 2;
const PACKET_MR_PROMISC = 1;
const ETH_P_ALL = 3;
/** PACKET_OUTGOING. */
const OUTGOING = 4;
/** TP_STATUS_USER, TP_STATUS_VLAN_VALID, TP_STATUS_VLAN_TPID_VALID. */
const READY = 1;
const VLAN_VALID = 0x10;
const VLAN_TYPE_VALID = 0x40;

/** A block is handed over when it is full, or after so many milliseconds. */
const PATIENCE = 50;
const BLOCK_BYTES = 1 << 20;
const BLOCKS = 16;
/** Not used by the third version, which packs packets; it must divide the block. */
const FRAME_BYTES = 2048;

/** A packet in the ring. */
export interface RingPacket {
  /** Index of its interface. */
  readonly link: number;
  /** ARPHRD_*: 1 and 772 have Ethernet headers. */
  readonly hardware: number;
  readonly isOutgoing: boolean;
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  /** Bytes that it had. */
  readonly length: number;
  /** What was kept of it, valid only during the call; with a VLAN's tag where the interface took it off. */
  readonly bytes: Uint8Array;
}

/** What to capture. */
export interface PacketRingOptions {
  /** Index of the interface; all of the namespace when absent. */
  readonly link?: number;
  /** Also packets that are for others: what a bridge forwards. */
  readonly promiscuous?: boolean;
  /** Packets to keep, and how much of each. */
  readonly program: readonly ClassicInstruction[];
}

/**
 * Packets of the namespace in which it was opened, in memory that the kernel writes to and we read (packet(7), TPACKET_V3).
 * Whoever reads too slowly loses packets, which are counted. It ends with the process that has it.
 */
export class PacketRing implements Disposable {
  readonly #descriptor: number;
  readonly #memory: SharedMemory;
  readonly #view: DataView;
  readonly #words: Int32Array;
  #block = 0;
  #accepted = 0;
  #dropped = 0;
  #open = true;

  /** Opens it in the namespace this thread is in. */
  constructor({ link, promiscuous, program }: PacketRingOptions) {
    // Without a protocol it gets nothing before everything is set.
    this.#descriptor = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    let memory: SharedMemory | undefined;
    try {
      attachFilter(this.#descriptor, program);
      setsockopt(this.#descriptor, SOL_PACKET, PACKET_VERSION, words(TPACKET_V3), 4);
      const frames = (BLOCK_BYTES / FRAME_BYTES) * BLOCKS;
      const request = words(BLOCK_BYTES, BLOCKS, FRAME_BYTES, frames, PATIENCE, 0, 0);
      setsockopt(this.#descriptor, SOL_PACKET, PACKET_RX_RING, request, request.length);
      const place = { offset: 0, length: BLOCK_BYTES * BLOCKS, writable: true };
      memory = mapMemory(this.#descriptor, place);
      this.#memory = memory;
      this.#view = new DataView(this.#memory.bytes);
      this.#words = new Int32Array(this.#memory.bytes);
      if (promiscuous === true && link !== undefined) {
        const membership = new ByteWriter().i32(link).u16(PACKET_MR_PROMISC).u16(0).zeros(8).finish();
        setsockopt(this.#descriptor, SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership, membership.length);
      }
      const address = new ByteWriter()
        .u16(AF_PACKET)
        .u16be(ETH_P_ALL)
        .i32(link ?? 0)
        .zeros(12)
        .finish();
      bind(this.#descriptor, address, address.length);
    } catch (error) {
      memory?.[Symbol.dispose]();
      close(this.#descriptor);
      throw error;
    }
  }

  /**
   * Hand over packets that have come, a block at most, so that whoever writes them down can keep pace.
   *
   * @returns how many.
   */
  take(handler: (packet: RingPacket) => void): number {
    const start = this.#block * BLOCK_BYTES;
    const status = (start + 8) >> 2;
    if (!this.#open || (Atomics.load(this.#words, status) & READY) === 0) return 0;
    const count = this.#view.getUint32(start + 12, true);
    let at = start + this.#view.getUint32(start + 16, true);
    for (let index = 0; index < count; index++) {
      handler(this.#packetAt(at));
      at += this.#view.getUint32(at, true);
    }
    Atomics.store(this.#words, status, 0);
    this.#block = (this.#block + 1) % BLOCKS;
    return count;
  }

  /** Call back when there is something to take, until disposed of. */
  whenReady(work: () => void): Disposable {
    return whenReadable(this.#descriptor, work);
  }

  /** How many packets the program let through, and for how many of them there was no room. */
  counts(): { readonly accepted: number; readonly dropped: number } {
    if (this.#open) {
      const bytes = new Uint8Array(12);
      getsockopt(this.#descriptor, SOL_PACKET, PACKET_STATISTICS, bytes, words(bytes.length));
      const view = new DataView(bytes.buffer);
      // The kernel begins anew with each question.
      this.#accepted += view.getUint32(0, true);
      this.#dropped += view.getUint32(4, true);
    }
    return { accepted: this.#accepted, dropped: this.#dropped };
  }

  /** struct tpacket3_hdr with the struct sockaddr_ll behind it. */
  #packetAt(at: number): RingPacket {
    const view = this.#view;
    const word = (offset: number) => view.getUint32(at + offset, true);
    const [kept, status] = [word(12), word(20)];
    const bytes = new Uint8Array(this.#memory.bytes, at + view.getUint16(at + 24, true), kept);
    const hasTag = (status & VLAN_VALID) !== 0;
    const type = (status & VLAN_TYPE_VALID) === 0 ? 0x8100 : view.getUint16(at + 36, true);
    return {
      link: view.getInt32(at + 52, true),
      hardware: view.getUint16(at + 56, true),
      isOutgoing: view.getUint8(at + 58) === OUTGOING,
      time: BigInt(word(4)) * 1_000_000_000n + BigInt(word(8)),
      length: hasTag ? word(16) + 4 : word(16),
      bytes: hasTag ? withTag(bytes, type, word(32)) : bytes,
    };
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.counts();
    this.#open = false;
    this.#memory[Symbol.dispose]();
    close(this.#descriptor);
  }
}

/** Behind the two hardware addresses. */
function withTag(bytes: Uint8Array, type: number, tag: number): Uint8Array {
  if (bytes.length < 12) return bytes;
  return new ByteWriter(bytes.length + 4)
    .bytes(bytes.subarray(0, 12))
    .u16be(type)
    .u16be(tag & 0xffff)
    .bytes(bytes.subarray(12))
    .finish();
}

function words(...values: readonly number[]): Uint8Array {
  const writer = new ByteWriter();
  for (const value of values) writer.u32(value);
  return writer.finish();
}

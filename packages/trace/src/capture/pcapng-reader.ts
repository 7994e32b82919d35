import { ByteReader } from '@fairlead/base';

/** A packet as it is in a file. */
export interface ReadPacket {
  /** Name of its interface. */
  readonly interface: string;
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  /** From the IP header on; empty for what is not IP. */
  readonly packet: Uint8Array;
  /** Bytes that it had. */
  readonly length: number;
  readonly direction?: 'in' | 'out';
}

/**
 * Reads what {@link enhancedPacket} and its companions write, in pieces of any size, while it goes past: for counts, and
 * for a line about each packet.
 */
export class PcapngReader {
  #rest: Buffer = Buffer.alloc(0);
  readonly #interfaces: { readonly name: string; readonly headerLength: number }[] = [];
  /** Packets read so far. */
  packets = 0;
  /** Packets for which there was no room, once the file has said so. */
  dropped: number | undefined;

  /** The packets that are whole with this piece. */
  read(piece: Uint8Array): ReadPacket[] {
    this.#rest = Buffer.concat([this.#rest, piece]);
    const packets: ReadPacket[] = [];
    while (this.#rest.length >= 8) {
      const length = this.#rest.readUInt32LE(4);
      if (this.#rest.length < length) break;
      const packet = this.#block(this.#rest.readUInt32LE(0), this.#rest.subarray(8, length - 4));
      if (packet !== undefined) packets.push(packet);
      this.#rest = this.#rest.subarray(length);
    }
    return packets;
  }

  #block(type: number, body: Buffer): ReadPacket | undefined {
    if (type === 1) this.#describe(body);
    if (type === 5) this.dropped = Number(options(body.subarray(12)).get(7)?.readBigUInt64LE() ?? 0n);
    return type === 6 ? this.#packet(body) : undefined;
  }

  #describe(body: Buffer): void {
    const name = options(body.subarray(8)).get(2)?.toString() ?? '';
    this.#interfaces.push({ name, headerLength: body.readUInt16LE(0) === 1 ? 14 : 0 });
  }

  #packet(body: Buffer): ReadPacket {
    this.packets += 1;
    const reader = new ByteReader(body);
    const { name = '', headerLength = 0 } = this.#interfaces[reader.u32()] ?? {};
    const time = (BigInt(reader.u32()) << 32n) | BigInt(reader.u32());
    const kept = reader.u32();
    const length = reader.u32();
    const flags = options(body.subarray(20 + ((kept + 3) & ~3)))
      .get(2)
      ?.readUInt32LE();
    const direction = flags === 1 ? 'in' : flags === 2 ? 'out' : undefined;
    const packet = body.subarray(20 + Math.min(headerLength, kept), 20 + kept);
    return { interface: name, time, packet, length, ...(direction && { direction }) };
  }
}

function options(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length; ) {
    const [code, length] = [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)];
    if (code === 0) break;
    found.set(code, bytes.subarray(at + 4, at + 4 + length));
    at += 4 + ((length + 3) & ~3);
  }
  return found;
}

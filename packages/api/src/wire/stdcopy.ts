/** Stream numbers in the header of a frame. */
const numbers = { stdin: 0, stdout: 1, stderr: 2, systemerr: 3 } as const;
const names = ['stdin', 'stdout', 'stderr', 'systemerr'] as const;

/** A stream that a frame can belong to; `systemerr` carries a fault of the daemon. */
export type StdcopyStream = keyof typeof numbers;

/** Bytes before the data of a frame. */
export const stdcopyHeaderLength = 8;

/**
 * One frame of Docker's multiplexed stream: stream number, three zero bytes, length as a big-endian 32-bit number, data.
 *
 * Engine API, "Attach to a container", stream format.
 */
export function stdcopyFrame(stream: StdcopyStream, data: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafeSlow(stdcopyHeaderLength + data.length);
  frame.set(data, stdcopyHeader(stream, data.length, frame, 0));
  return frame;
}

/** Write the header of a frame with so many bytes of data. @returns the offset after it. */
export function stdcopyHeader(stream: StdcopyStream, length: number, output: Buffer, offset: number): number {
  output.writeUInt32BE(numbers[stream] * 0x1000000, offset);
  return output.writeUInt32BE(length, offset + 4);
}

/** A frame taken apart. */
export interface StdcopyChunk {
  readonly stream: StdcopyStream;
  readonly data: Uint8Array;
}

/** Puts frames together again from pieces cut anywhere. */
export class StdcopyDecoder {
  #pending: Uint8Array = new Uint8Array(0);

  /**
   * Take bytes in.
   *
   * @returns the frames that are complete now.
   * @throws RangeError when the bytes are no frames.
   */
  push(bytes: Uint8Array): StdcopyChunk[] {
    const all = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    const view = new DataView(all.buffer, all.byteOffset, all.length);
    const chunks: StdcopyChunk[] = [];
    let offset = 0;
    while (all.length - offset >= stdcopyHeaderLength) {
      const end = offset + stdcopyHeaderLength + view.getUint32(offset + 4);
      const stream = names[all[offset] ?? 0];
      if (stream === undefined) throw new RangeError(`unrecognized stream: ${all[offset]}`);
      if (end > all.length) break;
      chunks.push({ stream, data: all.subarray(offset + stdcopyHeaderLength, end) });
      offset = end;
    }
    this.#pending = all.subarray(offset);
    return chunks;
  }
}

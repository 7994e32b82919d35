/** A message as it goes over TCP: two octets of length first (RFC 1035, section 4.2.2). */
export function frame(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(message.length + 2);
  framed[0] = message.length >> 8;
  framed[1] = message.length & 0xff;
  framed.set(message, 2);
  return framed;
}

/** Cuts a TCP stream into messages. Holds at most one incomplete message, so never more than 64 KiB and a chunk. */
export class FrameReader {
  #held: Uint8Array = new Uint8Array();

  /** True between messages. */
  get isEmpty(): boolean {
    return this.#held.length === 0;
  }

  /** The messages that `chunk` completes. */
  push(chunk: Uint8Array): Uint8Array[] {
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const messages: Uint8Array[] = [];
    for (;;) {
      const [high = 0, low = 0] = bytes;
      const end = 2 + ((high << 8) | low);
      if (bytes.length < 2 || bytes.length < end) break;
      messages.push(bytes.subarray(2, end));
      bytes = bytes.subarray(end);
    }
    this.#held = bytes.slice();
    return messages;
  }
}

/**
 * The same bytes in groups of about `size`: small pieces come together, large ones are cut, none is copied. A gRPC message
 * for each 16 KiB of a download would cost too much; containerd refuses messages above 16 MiB.
 */
export async function* gathered(
  source: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<readonly Uint8Array[], void, undefined> {
  let pending: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source) {
    for (let offset = 0; offset < chunk.length; offset += size) {
      const piece = chunk.subarray(offset, offset + size);
      pending.push(piece);
      length += piece.length;
      if (length < size) continue;
      yield pending;
      pending = [];
      length = 0;
    }
  }
  if (length > 0) yield pending;
}

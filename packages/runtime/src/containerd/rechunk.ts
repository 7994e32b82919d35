/**
 * The same bytes in pieces of about `size`: small pieces are joined, large ones cut. A gRPC message for each 16 KiB
 * of a download would cost more than the copying; containerd refuses messages above 16 MiB.
 */
export async function* rechunk(
  source: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let pending: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source) {
    for (let offset = 0; offset < chunk.length; offset += size) {
      const piece = chunk.subarray(offset, offset + size);
      pending.push(piece);
      length += piece.length;
      if (length < size) continue;
      yield join(pending, length);
      pending = [];
      length = 0;
    }
  }
  if (length > 0) yield join(pending, length);
}

function join(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const [only, ...others] = pieces;
  return only && others.length === 0 ? only : Buffer.concat(pieces, length);
}

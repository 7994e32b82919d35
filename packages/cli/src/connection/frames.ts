/** A piece of a container's output. */
export interface Frame {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Uint8Array;
}

const headerLength = 8;

/**
 * Take Docker's multiplexed stream apart (Engine API, "Attach to a container", stream format): a byte that says which
 * stream, three zero bytes, a big-endian length, data.
 */
export async function* splitFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const piece of source) {
    pending = pending.length === 0 ? Buffer.from(piece) : Buffer.concat([pending, piece]);
    while (pending.length >= headerLength) {
      const end = headerLength + pending.readUInt32BE(4);
      if (pending.length < end) break;
      yield { stream: pending[0] === 2 ? 'stderr' : 'stdout', data: pending.subarray(headerLength, end) };
      pending = pending.subarray(end);
    }
  }
}

/** The values of a stream of JSON documents, one on each line, as pulls and events are. */
export async function* jsonLines<T>(source: AsyncIterable<Uint8Array>): AsyncGenerator<T> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const piece of source) {
    const lines = (pending + decoder.decode(piece, { stream: true })).split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as T;
  }
  if (pending.trim() !== '') yield JSON.parse(pending) as T;
}

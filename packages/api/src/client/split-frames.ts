import { type StdcopyChunk, StdcopyDecoder } from '../wire/stdcopy.ts';

/** Take Docker's multiplexed stream apart as it comes. */
export async function* splitFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<StdcopyChunk> {
  const decoder = new StdcopyDecoder();
  for await (const piece of source) yield* decoder.push(piece);
}

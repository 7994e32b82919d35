import { giveBack } from '@fairlead/base';
import type { AttachedStreams, OutputChunk } from '@fairlead/engine';
import { stdcopyFrame, stdcopyHeader, stdcopyHeaderLength } from '../wire/stdcopy.ts';
import { DetachKeys } from './detach-keys.ts';
import type { HijackedConnection } from './hijacked-connection.ts';

/** From so many bytes on a frame is written in two pieces rather than copied together. */
const worthSparing = 1 << 12;

/** How the client and the process are joined. */
export interface ServeStreamsOptions {
  /** The client's escape sequence, in Docker's notation; only a terminal has one. */
  readonly detachKeys?: string | undefined;
  /** Output is sent as it is, both streams in one. Default: that of a terminal is. */
  readonly raw?: boolean;
}

/**
 * Join a client's connection to a process's streams until the output has ended or the client has gone.
 *
 * The client's half-close becomes the end of standard input while output goes on; both directions wait for the slower
 * side.
 */
export async function serveStreams(
  connection: HijackedConnection,
  streams: AttachedStreams,
  options: ServeStreamsOptions = {},
): Promise<void> {
  const detach = (): void => streams.detach();
  if (connection.signal.aborted) return detach();
  connection.signal.addEventListener('abort', detach, { once: true });
  const raw = options.raw ?? streams.tty;
  const keys = streams.tty ? new DetachKeys(options.detachKeys) : undefined;
  // Not awaited: output decides when it is over, and a client may keep its side open for ever.
  copyInput(connection.input, streams, keys).catch(detach);
  try {
    for await (const chunk of streams.output) {
      if (raw || chunk.data.length < worthSparing) await connection.write(encodeChunk(chunk, raw));
      else await connection.write(chunk.data, frameHeader(chunk));
      giveBack(chunk.data);
    }
  } finally {
    connection.signal.removeEventListener('abort', detach);
    detach();
  }
}

/** A piece of output as it goes over the wire: raw on a terminal, framed otherwise. */
export function encodeChunk(chunk: OutputChunk, tty: boolean): Uint8Array {
  return tty ? chunk.data : stdcopyFrame(chunk.stream, chunk.data);
}

function frameHeader({ stream, data }: OutputChunk): Uint8Array {
  const header = Buffer.alloc(stdcopyHeaderLength);
  stdcopyHeader(stream, data.length, header, 0);
  return header;
}

async function copyInput(
  input: AsyncIterable<Uint8Array>,
  streams: AttachedStreams,
  keys: DetachKeys | undefined,
): Promise<void> {
  for await (const chunk of input) {
    const { data, detached } = keys?.pass(chunk) ?? { data: chunk, detached: false };
    if (data.length > 0) await streams.write(data);
    giveBack(chunk);
    if (detached) return streams.detach();
  }
  await streams.end();
}

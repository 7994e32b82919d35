/** Octets that are no message of the protocol that they were taken for; the only error that a decoder throws. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

/**
 * Decode, with whatever is wrong about the octets told as one error.
 *
 * @throws MalformedMessage
 */
export function decoding<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof MalformedMessage) throw error;
    // A reader that came to the end of what there is.
    if (error instanceof RangeError) throw new MalformedMessage(`${what}: ${error.message}`, { cause: error });
    throw error;
  }
}

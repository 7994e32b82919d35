import { ByteWriter } from '@fairlead/base';
import { MalformedMessage } from './malformed-message.ts';

/** Names may point back into the list (RFC 3397, 2); none that is meant well does so more often. */
const MOST_JUMPS = 32;

/**
 * Read a list of domain names (RFC 1035, 4.1.4; RFC 3397; RFC 8106, 5.2). Padding at the end is passed over.
 *
 * @throws MalformedMessage
 */
export function decodeNames(octets: Uint8Array): string[] {
  const names: string[] = [];
  for (let at = 0; at < octets.length; ) {
    const { name, end } = nameAt(octets, at);
    if (name !== '') names.push(name);
    at = end;
  }
  return names;
}

/** Names that a list of domains has, as {@link decodeNames}; none where one of them is no name: what else is said still counts. */
export function searchNames(octets: Uint8Array): string[] {
  try {
    return decodeNames(octets);
  } catch (error) {
    if (error instanceof MalformedMessage) return [];
    throw error;
  }
}

/** A domain name as it is sent: its labels, each with its length, and an end where it is complete. */
export function encodeName(name: string, complete: boolean): Uint8Array {
  const writer = new ByteWriter(64);
  for (const label of name.split('.').filter(Boolean)) {
    const octets = new TextEncoder().encode(label).subarray(0, 63);
    writer.u8(octets.length).bytes(octets);
  }
  return (complete ? writer.u8(0) : writer).finish();
}

function nameAt(octets: Uint8Array, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = start;
  let end: number | undefined;
  for (let jumps = 0; ; ) {
    const length = octetAt(octets, at);
    if (length === 0) return { name: labels.join('.'), end: end ?? at + 1 };
    if (length >= 0xc0) {
      end ??= at + 2;
      at = ((length & 0x3f) << 8) | octetAt(octets, at + 1);
      if (++jumps > MOST_JUMPS) throw new MalformedMessage('domain name: points back without end');
      continue;
    }
    labels.push(labelAt(octets, at + 1, length));
    at += 1 + length;
  }
}

/** Only what names of hosts are made of: a search list is written into a file of the container's. */
function labelAt(octets: Uint8Array, start: number, length: number): string {
  const text = String.fromCharCode(...octets.subarray(start, start + length));
  if (text.length === length && /^[A-Za-z0-9_-]{1,63}$/.test(text)) return text;
  throw new MalformedMessage('domain name: a label that no name has');
}

function octetAt(octets: Uint8Array, at: number): number {
  const octet = octets[at];
  if (octet === undefined) throw new MalformedMessage('domain name: cut off');
  return octet;
}

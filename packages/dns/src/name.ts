import { FairleadError, type IpAddress, ipFromBytes } from '@fairlead/base';

/** Longest name on the wire, length octets and the root label included (RFC 1035, section 2.3.4). */
const MAX_NAME_OCTETS = 255;
const MAX_LABEL_OCTETS = 63;
/** A name of 255 octets has at most 127 labels, so more pointers than that can only be a loop. */
const MAX_POINTERS = 127;

const DOT = 0x2e;
const BACKSLASH = 0x5c;

/** A name read from a message, and where what follows it begins. */
export interface NameAt {
  readonly name: string;
  readonly end: number;
}

/**
 * The form in which names are compared and used as keys: lower case, without the dot at the end (RFC 4343).
 */
export function foldName(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith('.') && !lower.endsWith('\\.') ? lower.slice(0, -1) : lower;
}

/**
 * Read a name in presentation form (RFC 1035, section 5.1) without the dot at the end; the root is ''.
 *
 * A dot or backslash inside a label becomes `\.` and `\\`, what is not printable ASCII becomes `\DDD`.
 *
 * @throws FairleadError `invalid-argument` for a name that is cut off, too long, of an unknown label type, or
 *   whose compression pointers do not lead backwards (RFC 1035, section 4.1.4).
 */
export function readName(message: Uint8Array, start: number): NameAt {
  let name = '';
  let end = -1;
  let offset = start;
  let octets = 1;
  let pointers = 0;
  for (;;) {
    const length = message[offset];
    if (length === undefined) throw malformed('name is cut off');
    if (length === 0) break;
    if (length >= 0xc0) {
      const target = ((length & 0x3f) << 8) | (message[offset + 1] ?? 0xffff);
      if (end < 0) end = offset + 2;
      if (target >= offset || ++pointers > MAX_POINTERS) throw malformed('compression pointer does not lead backwards');
      offset = target;
      continue;
    }
    octets += length + 1;
    if (length > MAX_LABEL_OCTETS) throw malformed('unknown label type');
    if (octets > MAX_NAME_OCTETS) throw malformed('name is longer than 255 octets');
    if (offset + 1 + length > message.length) throw malformed('name is cut off');
    name += (name === '' ? '' : '.') + labelText(message, offset + 1, offset + 1 + length);
    offset += 1 + length;
  }
  return { name, end: end < 0 ? offset + 1 : end };
}

/** Where the name that begins at `start` ends, without reading it. @throws as {@link readName} for a cut-off name. */
export function skipName(message: Uint8Array, start: number): number {
  let offset = start;
  for (;;) {
    const length = message[offset];
    if (length === undefined) throw malformed('name is cut off');
    if (length === 0) return offset + 1;
    if (length >= 0xc0) {
      if (offset + 2 > message.length) throw malformed('name is cut off');
      return offset + 2;
    }
    if (length > MAX_LABEL_OCTETS) throw malformed('unknown label type');
    offset += 1 + length;
  }
}

/**
 * The labels of a name in presentation form.
 *
 * @throws FairleadError `invalid-argument` when it cannot be put into a message: an empty label, more than 63
 *   octets in a label or 255 in all.
 */
export function labelsOf(name: string): Uint8Array[] {
  const text = name.endsWith('.') && !name.endsWith('\\.') ? name.slice(0, -1) : name;
  if (text === '') return [];
  const labels: Uint8Array[] = [];
  let label: number[] = [];
  const bytes = new TextEncoder().encode(text);
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0;
    if (byte === DOT) {
      labels.push(checkedLabel(label));
      label = [];
    } else if (byte === BACKSLASH) {
      const digits = /^\d{3}$/.exec(String.fromCharCode(...bytes.subarray(index + 1, index + 4)))?.[0];
      label.push(digits === undefined ? (bytes[index + 1] ?? BACKSLASH) : Number(digits) & 255);
      index += digits === undefined ? 1 : 3;
    } else {
      label.push(byte);
    }
  }
  labels.push(checkedLabel(label));
  if (labels.reduce((total, each) => total + each.length + 1, 1) > MAX_NAME_OCTETS) {
    throw malformed('name is longer than 255 octets');
  }
  return labels;
}

/** True for a name that {@link labelsOf} takes. */
export function fitsMessage(name: string): boolean {
  try {
    labelsOf(name);
    return true;
  } catch {
    return false;
  }
}

/** The address that a reverse name stands for; `undefined` for any other name. */
export function addressOfReverseName(name: string): IpAddress | undefined {
  const folded = foldName(name);
  if (folded.endsWith('.in-addr.arpa')) {
    const parts = folded.slice(0, -'.in-addr.arpa'.length).split('.');
    if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
    return ipFromBytes(Uint8Array.from(parts.reverse(), Number));
  }
  if (!folded.endsWith('.ip6.arpa')) return undefined;
  const digits = folded.slice(0, -'.ip6.arpa'.length).split('.');
  if (digits.length !== 32 || !digits.every((digit) => /^[0-9a-f]$/.test(digit))) return undefined;
  return ipFromBytes(Uint8Array.fromHex(digits.reverse().join('')));
}

function labelText(message: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let index = start; index < end; index++) {
    const byte = message[index] ?? 0;
    if (byte === DOT || byte === BACKSLASH) text += `\\${String.fromCharCode(byte)}`;
    else if (byte > 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\${String(byte).padStart(3, '0')}`;
  }
  return text;
}

function checkedLabel(label: readonly number[]): Uint8Array {
  if (label.length === 0) throw malformed('empty label');
  if (label.length > MAX_LABEL_OCTETS) throw malformed('label is longer than 63 octets');
  return Uint8Array.from(label);
}

function malformed(what: string): FairleadError {
  return new FairleadError('invalid-argument', `malformed DNS name: ${what}`);
}

/** Most bytes that one byte can become: `\u0000`. */
export const largestEscape = 6;

const hex = Buffer.from('0123456789abcdef');
const replacement = Buffer.from('\\ufffd');
const backslash = 0x5c;

/** What becomes of each byte: 0 stays, 1 becomes `\u00xx`, 2 begins a character of several bytes, else `\` and this. */
const treatment = new Uint8Array(256);
treatment.fill(1, 0, 0x20);
treatment.fill(2, 0x80);
for (const character of '<>&') treatment[character.charCodeAt(0)] = 1;
for (const [character, letter] of ['""', '\\\\', '\nn', '\rr']) {
  treatment[(character ?? '').charCodeAt(0)] = (letter ?? '').charCodeAt(0);
}

/**
 * Write bytes as the inside of a JSON string, byte for byte what Docker writes (moby/daemon/logger/jsonfilelog/jsonlog):
 * `<`, `>`, `&`, U+2028 and U+2029 are escaped too, and every byte that is not UTF-8 becomes U+FFFD.
 *
 * @param output has room for {@link largestEscape} times the input at `offset`.
 * @returns the offset after what was written.
 */
export function escapeJson(input: Uint8Array, start: number, end: number, output: Uint8Array, offset: number): number {
  let position = start;
  let written = offset;
  while (position < end) {
    const byte = input[position] ?? 0;
    const kind = treatment[byte] ?? 0;
    if (kind === 0) {
      output[written++] = byte;
      position++;
    } else if (kind === 2) {
      const length = characterLength(input, position, end);
      if (length === 0) {
        output.set(replacement, written);
        written += replacement.length;
        position++;
      } else if (length === 3 && isLineSeparator(input, position)) {
        output.set(separators[(input[position + 2] ?? 0) & 1] ?? replacement, written);
        written += replacement.length;
        position += 3;
      } else {
        for (let index = 0; index < length; index++) output[written++] = input[position++] ?? 0;
      }
    } else {
      written = kind === 1 ? escapeControl(byte, output, written) : escapeLetter(kind, output, written);
      position++;
    }
  }
  return written;
}

/** By the lowest bit of the last byte. */
const separators = [Buffer.from('\\u2028'), Buffer.from('\\u2029')];

/** U+2028 and U+2029 are E2 80 A8 and E2 80 A9. */
function isLineSeparator(input: Uint8Array, position: number): boolean {
  return input[position] === 0xe2 && input[position + 1] === 0x80 && ((input[position + 2] ?? 0) & 0xfe) === 0xa8;
}

function escapeControl(byte: number, output: Uint8Array, offset: number): number {
  output[offset] = backslash;
  output[offset + 1] = 0x75;
  output[offset + 2] = 0x30;
  output[offset + 3] = 0x30;
  output[offset + 4] = hex[byte >> 4] ?? 0;
  output[offset + 5] = hex[byte & 15] ?? 0;
  return offset + 6;
}

function escapeLetter(letter: number, output: Uint8Array, offset: number): number {
  output[offset] = backslash;
  output[offset + 1] = letter;
  return offset + 2;
}

/** Bytes of the UTF-8 character at `position`; 0 when there is no whole and valid one (RFC 3629, section 4). */
function characterLength(input: Uint8Array, position: number, end: number): number {
  const lead = input[position] ?? 0;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (position + length > end) return 0;
  const second = input[position + 1] ?? 0;
  if (second < lowestSecond(lead) || second > highestSecond(lead)) return 0;
  for (let index = 2; index < length; index++) {
    if (((input[position + index] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return length;
}

/** Below are forms that are longer than they need to be. */
function lowestSecond(lead: number): number {
  if (lead === 0xe0) return 0xa0;
  return lead === 0xf0 ? 0x90 : 0x80;
}

/** Above are surrogates and what is beyond U+10FFFF. */
function highestSecond(lead: number): number {
  if (lead === 0xed) return 0x9f;
  return lead === 0xf4 ? 0x8f : 0xbf;
}

/**
 * The checksum of IP, UDP, TCP and ICMP (RFC 1071): the complement of the ones' complement sum.
 *
 * @param pieces one after the other; only the last may be of odd length.
 */
export function internetChecksum(pieces: readonly Uint8Array[]): number {
  let sum = 0;
  for (const piece of pieces) {
    for (let index = 0; index < piece.length; index += 2) sum += ((piece[index] ?? 0) << 8) | (piece[index + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

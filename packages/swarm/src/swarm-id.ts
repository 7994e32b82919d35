/** Digits of an identifier: what 128 bits take in base 36. */
const LENGTH = 25;

/** A fresh identifier as a swarm's objects have it: 128 random bits in base 36 (swarmkit, identity/randomid.go). */
export function newSwarmId(): string {
  return base36(crypto.getRandomValues(new Uint8Array(16)), LENGTH);
}

/**
 * Bytes as one number in base 36.
 *
 * @param length digits, filled up with zeros.
 */
export function base36(bytes: Uint8Array, length: number): string {
  return BigInt(`0x${bytes.toHex()}`).toString(36).padStart(length, '0');
}

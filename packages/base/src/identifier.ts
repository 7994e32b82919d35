const HEX = /^[0-9a-f]+$/;

/** A fresh 256-bit identifier in 64 hexadecimal digits, as Docker's objects have. */
export function newIdentifier(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toHex();
}

/** A fresh 128-bit identifier in 25 digits of base 36, as the objects of a swarm have. */
export function newSwarmIdentifier(): string {
  return BigInt(`0x${crypto.getRandomValues(new Uint8Array(16)).toHex()}`)
    .toString(36)
    .padStart(25, '0');
}

/** The first twelve digits: the form that people see. */
export function shortIdentifier(identifier: string): string {
  return identifier.slice(0, 12);
}

/** True when `text` may be a full identifier or the beginning of one. */
export function isIdentifierPrefix(text: string): boolean {
  return text.length <= 64 && HEX.test(text);
}

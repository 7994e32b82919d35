const HEX = /^[0-9a-f]+$/;

/** A fresh 256-bit identifier in 64 hexadecimal digits, as Docker's objects have. */
export function newIdentifier(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toHex();
}

/** The first twelve digits: the form that people see. */
export function shortIdentifier(identifier: string): string {
  return identifier.slice(0, 12);
}

/** True when `text` may be a full identifier or the beginning of one. */
export function isIdentifierPrefix(text: string): boolean {
  return text.length <= 64 && HEX.test(text);
}

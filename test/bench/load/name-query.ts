/** A DNS query for the IPv4 address of a name, with id 0 and recursion desired (RFC 1035 section 4.1). */
export function nameQuery(name: string): Uint8Array {
  const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
  return Uint8Array.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, 1, 0, 1]);
}

/** True for a message that answers the query with this id, without error and with an address. */
export function isAnswer(message: Uint8Array, id: number): boolean {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (view.byteLength < 12 || view.getUint16(0) !== id) return false;
  const flags = view.getUint16(2);
  return (flags & 0x8000) !== 0 && (flags & 0x000f) === 0 && view.getUint16(6) > 0;
}

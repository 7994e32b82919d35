/** A moment as fluentd has it, to the nanosecond (its extension type 0). */
export interface EventTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** What {@link encodeMessagePack} takes. */
export type Packable = string | number | Uint8Array | EventTime | readonly Packable[] | ReadonlyMap<string, Packable>;

/**
 * Encode a value as MessagePack (github.com/msgpack/msgpack/blob/master/spec.md): what the forward protocol of fluentd needs
 * of it. Numbers are whole and not negative; bytes count as a string, whatever is in them, for that is what a log has.
 */
export function encodeMessagePack(value: Packable): Buffer {
  const pieces: Uint8Array[] = [];
  encode(value, pieces);
  return Buffer.concat(pieces);
}

function encode(value: Packable, pieces: Uint8Array[]): void {
  if (typeof value === 'number') pieces.push(numberBytes(value));
  else if (typeof value === 'string') encode(Buffer.from(value), pieces);
  else if (value instanceof Uint8Array) pieces.push(stringHead(value.length), value);
  else if (value instanceof Map) encodeMap(value, pieces);
  else if (isList(value)) encodeList(value, pieces);
  else if ('seconds' in value) pieces.push(eventTimeBytes(value));
}

function isList(value: Packable): value is readonly Packable[] {
  return Array.isArray(value);
}

function encodeMap(map: ReadonlyMap<string, Packable>, pieces: Uint8Array[]): void {
  pieces.push(collectionHead(map.size, 0x80, 0xde));
  for (const [key, value] of map) {
    encode(key, pieces);
    encode(value, pieces);
  }
}

function encodeList(list: readonly Packable[], pieces: Uint8Array[]): void {
  pieces.push(collectionHead(list.length, 0x90, 0xdc));
  for (const item of list) encode(item, pieces);
}

function collectionHead(count: number, short: number, long: number): Uint8Array {
  if (count < 16) return Uint8Array.of(short | count);
  return count < 2 ** 16 ? head(long, count, 2) : head(long + 1, count, 4);
}

function stringHead(length: number): Uint8Array {
  if (length < 32) return Uint8Array.of(0xa0 | length);
  if (length < 2 ** 8) return head(0xd9, length, 1);
  return length < 2 ** 16 ? head(0xda, length, 2) : head(0xdb, length, 4);
}

function numberBytes(value: number): Uint8Array {
  if (value < 128) return Uint8Array.of(value);
  if (value < 2 ** 8) return head(0xcc, value, 1);
  if (value < 2 ** 16) return head(0xcd, value, 2);
  return value < 2 ** 32 ? head(0xce, value, 4) : head(0xcf, value, 6);
}

/** A byte that says what follows, and a number, most significant byte first. */
function head(kind: number, value: number, size: 1 | 2 | 4 | 6): Uint8Array {
  const wide = size === 6 ? 8 : size;
  const bytes = Buffer.alloc(1 + wide);
  bytes[0] = kind;
  bytes.writeUIntBE(value, 1 + wide - size, size);
  return bytes;
}

/** An extension of eight bytes. */
function eventTimeBytes({ seconds, nanoseconds }: EventTime): Uint8Array {
  const bytes = Buffer.from([0xd7, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  bytes.writeUInt32BE(seconds, 2);
  bytes.writeUInt32BE(nanoseconds, 6);
  return bytes;
}

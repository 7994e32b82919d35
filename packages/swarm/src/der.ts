/** Distinguished Encoding Rules of ASN.1 (X.690), as far as certificates of this package need them. */

const tags = {
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  time: 0x17,
  longTime: 0x18,
  sequence: 0x30,
  set: 0x31,
};

/** One value: tag, length, content. */
export function der(tag: keyof typeof tags | number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const identifier = typeof tag === 'number' ? tag : tags[tag];
  return Buffer.concat([Buffer.from([identifier]), lengthOf(body.length), body]);
}

/** An object identifier in its dotted form. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return der('oid', Buffer.from([first * 40 + second, ...rest.flatMap(septets)]));
}

/** A moment: years have two digits up to 2049 and four from then on (RFC 5280, section 4.1.2.5). */
export function time(milliseconds: number): Buffer {
  const moment = new Date(milliseconds);
  const digits = moment.toISOString().replace(/[-:T]/g, '').slice(0, 14);
  const isLong = moment.getUTCFullYear() >= 2050;
  return der(isLong ? 'longTime' : 'time', Buffer.from(`${isLong ? digits : digits.slice(2)}Z`));
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes = length < 0x100 ? [length] : [length >> 8, length & 0xff];
  return Buffer.from([0x80 + bytes.length, ...bytes]);
}

/** A number in base 128, the highest bit set on all but the last digit. */
function septets(value: number): number[] {
  const digits = [value & 0x7f];
  for (let rest = value >> 7; rest > 0; rest >>= 7) digits.unshift(0x80 + (rest & 0x7f));
  return digits;
}

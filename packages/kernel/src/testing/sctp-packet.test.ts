import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c, decodeSctp, encodeSctp, type SctpPacket } from './sctp-packet.ts';

const init: SctpPacket = { sourcePort: 40000, destinationPort: 5000, verificationTag: 0, chunk: 'init', tag: 0xdecade };

test('the checksum is that of the published examples', () => {
  // RFC 3720, appendix B.4, and the check value of the catalogue of CRC algorithms.
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(new TextEncoder().encode('123456789')), 0xe3069283);
});

test('an INIT stands on the wire as RFC 9260 draws it', () => {
  const bytes = Buffer.from(encodeSctp(init)).toString('hex');
  assert.equal(bytes.slice(0, 16), '9c40138800000000');
  assert.equal(bytes.slice(24), '0100001400decade00010000' + '00010001' + '00decade');
});

test('packets are read back, whatever the length of the cookie', () => {
  const answers: SctpPacket[] = ['', 'a', 'four', 'a1 192.0.2.2 80'].map((cookie) => {
    return { ...init, verificationTag: 7, chunk: 'init ack', cookie };
  });
  const abort: SctpPacket = { sourcePort: 1, destinationPort: 2, verificationTag: 3, chunk: 'abort' };
  for (const packet of [init, abort, ...answers]) {
    const bytes = encodeSctp(packet);
    assert.equal(bytes.length % 4, 0);
    assert.deepEqual(decodeSctp(bytes), packet);
  }
});

test('packets that are damaged, short or of another kind are nothing', () => {
  const bytes = encodeSctp({ ...init, chunk: 'init ack', cookie: 'abcd' });
  for (const index of bytes.keys()) {
    const damaged = Uint8Array.from(bytes, (byte, at) => (at === index ? byte ^ 0x10 : byte));
    assert.equal(decodeSctp(damaged), undefined, `byte ${index}`);
    assert.equal(decodeSctp(bytes.subarray(0, index)), undefined, `${index} bytes`);
  }
});

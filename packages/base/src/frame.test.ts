import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkMessageFrame, packetFrame, readLinkMessage, readPacketFrame, senderOf } from './frame.ts';
import { parseIpAddress } from './ip-address.ts';
import { parseMacAddress } from './mac-address.ts';

const macs = {
  sourceMac: parseMacAddress('02:00:00:00:00:01'),
  destinationMac: parseMacAddress('02:00:00:00:00:02'),
};
const envelope4 = { ...macs, source: parseIpAddress('192.0.2.1'), destination: parseIpAddress('192.0.2.2') };
const envelope6 = { ...macs, source: parseIpAddress('fd00::1'), destination: parseIpAddress('fd00::2') };
const packet = { protocol: 17, lifetime: 64, payload: Uint8Array.of(1, 2, 3, 4) };

/** As tcpdump shows them. */
const headers = [
  [envelope4, '020000000002 020000000001 0800 4500 0018 0000 0000 40 11 f6d1 c0000201 c0000202 01020304'],
  [
    envelope6,
    '020000000002 020000000001 86dd 60000000 0004 11 40 fd000000000000000000000000000001 fd000000000000000000000000000002 01020304',
  ],
] as const;
for (const [envelope, bytes] of headers) {
  test(`a packet from ${envelope.source} is written, and read without the padding of its frame`, () => {
    const frame = packetFrame(envelope, packet);
    assert.equal(Buffer.from(frame).toString('hex'), bytes.replaceAll(' ', ''));
    assert.deepEqual(readPacketFrame(Uint8Array.of(...frame, 0, 0, 0)), { envelope, ...packet });
    assert.equal(readPacketFrame(frame.subarray(0, -1)), undefined);
    assert.equal(senderOf(frame), macs.sourceMac);
    assert.throws(() => senderOf(frame.subarray(0, 11)), RangeError);
  });
}

test('a fragment, another protocol and a stub are no packet', () => {
  const fragment = packetFrame(envelope4, packet);
  fragment[20] = 0x20;
  const arp = packetFrame(envelope4, packet);
  arp[13] = 6;
  for (const frame of [fragment, arp, new Uint8Array(13), new Uint8Array(0)]) {
    assert.equal(readPacketFrame(frame), undefined);
  }
});

test('a message of ICMPv6 has a checksum that is right, and is read only where it has not left its link', () => {
  const message = Uint8Array.of(133, 0, 0, 0, 0, 0, 0, 0);
  const frame = linkMessageFrame({ ...envelope6, message });
  // Over the pseudo-header of RFC 8200, 8.1: the sum of all that is not zero, complemented.
  const sum = 2 * 0xfd00 + 1 + 2 + 8 + 58 + (133 << 8);
  const checksum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
  assert.deepEqual([...(readLinkMessage(frame)?.message ?? [])], [133, 0, checksum >> 8, checksum & 0xff, 0, 0, 0, 0]);
  frame[21] = 254;
  assert.equal(readLinkMessage(frame), undefined);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { linkMessageFrame } from './frame.ts';
import { parseIpAddress } from './ip-address.ts';
import { parseMacAddress } from './mac-address.ts';
import {
  announcementFrame,
  arpPacket,
  type NeighborFrame,
  questionFrame,
  readNeighborFrame,
  readNeighborPacket,
} from './neighbor-frame.ts';

const mac = parseMacAddress('02:42:ac:11:00:02');
const ip = parseIpAddress;

/** As tcpdump shows them, and what is read back. */
const frames: readonly (readonly [what: string, frame: Uint8Array, bytes: string, read: NeighborFrame])[] = [
  [
    'a question of ARP goes to everybody (RFC 826)',
    questionFrame({ mac, source: ip('172.17.0.2'), target: ip('172.17.0.1') }),
    'ffffffffffff 0242ac110002 0806 0001 0800 06 04 0001 0242ac110002 ac110002 000000000000 ac110001',
    { family: 4, kind: 'question', mac, source: ip('172.17.0.2'), target: ip('172.17.0.1') },
  ],
  [
    'a probe of ARP has no sender (RFC 5227, 2.1.1)',
    questionFrame({ mac, source: ip('0.0.0.0'), target: ip('192.0.2.9') }),
    'ffffffffffff 0242ac110002 0806 0001 0800 06 04 0001 0242ac110002 00000000 000000000000 c0000209',
    { family: 4, kind: 'question', mac, source: ip('0.0.0.0'), target: ip('192.0.2.9') },
  ],
  [
    'an announcement of ARP is the owner’s own question (RFC 5227, 3)',
    announcementFrame(ip('172.17.0.2'), mac),
    'ffffffffffff 0242ac110002 0806 0001 0800 06 04 0001 0242ac110002 ac110002 000000000000 ac110002',
    { family: 4, kind: 'question', mac, source: ip('172.17.0.2'), target: ip('172.17.0.2') },
  ],
  [
    'a solicitation goes to the group of its target, and says who asks (RFC 4861, 4.3)',
    questionFrame({ mac, source: ip('fd00::2'), target: ip('fd00::12:3456') }),
    '3333ff123456 0242ac110002 86dd 60000000 0020 3a ff fd000000000000000000000000000002 ff0200000000000000000001ff123456 8700 6875 00000000 fd000000000000000000000000123456 0101 0242ac110002',
    { family: 6, kind: 'question', mac, source: ip('fd00::2'), target: ip('fd00::12:3456') },
  ],
  [
    'a solicitation in nobody’s name does not (RFC 4862, 5.4.2)',
    questionFrame({ mac, source: ip('::'), target: ip('2001:db8::9:9') }),
    '3333ff090009 0242ac110002 86dd 60000000 0018 3a ff 00000000000000000000000000000000 ff0200000000000000000001ff090009 8700 4ccb 00000000 20010db8000000000000000000090009',
    { family: 6, kind: 'question', mac, source: ip('::'), target: ip('2001:db8::9:9') },
  ],
  [
    'an announcement of neighbour discovery is an advertisement to all nodes (RFC 4861, 7.2.6)',
    announcementFrame(ip('fd00::2'), mac),
    '333300000001 0242ac110002 86dd 60000000 0020 3a ff fd000000000000000000000000000002 ff020000000000000000000000000001 8800 ae44 20000000 fd000000000000000000000000000002 0201 0242ac110002',
    { family: 6, kind: 'answer', mac, source: ip('fd00::2'), target: ip('fd00::2') },
  ],
];

describe('who asks for a hardware address, and who tells it', () => {
  for (const [what, frame, bytes, read] of frames) {
    test(what, () => {
      assert.equal(Buffer.from(frame).toString('hex'), bytes.replaceAll(' ', ''));
      assert.deepEqual(readNeighborFrame(frame), read);
      const { family, kind, target } = read;
      assert.deepEqual(readNeighborPacket(frame.subarray(14)), { family, kind, target });
    });
  }

  test('an answer of ARP is about its sender', () => {
    const [sender, target] = [ip('10.9.1.3'), ip('10.9.1.2')];
    const targetMac = parseMacAddress('02:00:00:00:00:07');
    const packet = arpPacket({ operation: 'reply', senderMac: mac, sender, targetMac, target });
    assert.equal(Buffer.from(packet).toString('hex'), '00010800060400020242ac1100020a0901030200000000070a090102');
    assert.deepEqual(readNeighborPacket(packet), { family: 4, kind: 'answer', target: sender });
  });

  test('other messages of ICMPv6, other protocols and what has come from another link are none', () => {
    const envelope = { sourceMac: mac, destinationMac: mac, source: ip('fd00::2'), destination: ip('fd00::3') };
    const echo = linkMessageFrame({ ...envelope, message: Uint8Array.of(128, ...new Uint8Array(31)) });
    const question = questionFrame({ mac, source: ip('fd00::2'), target: ip('fd00::3') });
    const routed = Uint8Array.from(question);
    routed[21] = 254;
    const other = Uint8Array.from(question);
    other[20] = 6;
    for (const frame of [echo, routed, other, new Uint8Array(60), new Uint8Array(3)]) {
      assert.equal(readNeighborFrame(frame), undefined);
    }
    for (const frame of [echo, other, new Uint8Array(60)])
      assert.equal(readNeighborPacket(frame.subarray(14)), undefined);
    // Nobody would believe it, but somebody has sent it: that is seen.
    assert.equal(readNeighborPacket(routed.subarray(14))?.kind, 'question');
  });

  test('whatever is cut off or changed is read or is none', () => {
    const places = { frame: fc.constantFrom(...frames), at: fc.nat(90), value: fc.nat(255), end: fc.nat(90) };
    fc.assert(
      fc.property(fc.record(places), ({ frame: [, frame], at, value, end }) => {
        const changed = Uint8Array.from(frame.subarray(0, end));
        if (at < changed.length) changed[at] = value;
        readNeighborFrame(changed);
        readNeighborPacket(changed.subarray(14));
      }),
    );
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter, parseIpAddress as ip, parseMacAddress as mac } from '@fairlead/base';
import type { AttributeWriter } from '../attribute.ts';
import { decodeMessages, encodeMessage, joinMessages } from '../message.ts';
import type { LinkObject, LinkType } from '../object/kernel-object.ts';
import { addLinkMessages, changeLinkMessages, homeOfLink, removeLinkMessage, setLinkUpMessage } from './link.ts';
import {
  decodeLinkDetails,
  decodeLinkStatistics,
  dumpLinkStatisticsMessage,
  dumpLinksMessage,
  getLinkMessage,
  linkIndexIn,
  linkObjectOf,
} from './link-details.ts';
import { decodeNamespaceId, getNamespaceIdMessage } from './namespace-id.ts';

const lookup = {
  linkIndex: (_: string, name: string) => name.length,
  newLinkIndex: () => 0x66,
  namespaceDescriptor: () => 0x55,
};
const plain: LinkObject = { kind: 'link', namespace: '', name: 'fl0', type: { kind: 'bridge' }, up: true };
const shaped = { ...plain, mac: mac('02:42:00:00:00:01'), mtu: 1450, master: 'bridge', alias: 'fairlead x' };
const veth: LinkType = {
  kind: 'veth',
  peer: { namespace: 'box', name: 'eth0', mac: mac('02:42:00:00:00:02'), mtu: 1400 },
};
const vxlan: LinkType = { kind: 'vxlan', id: 77, local: ip('10.0.0.1'), port: 4789, learning: false };
const ofType = (type: LinkType): LinkObject => ({ ...plain, type });

/** nlmsghdr (16 bytes), ifinfomsg (16 bytes), attributes; two messages where there are two. */
const table: [name: string, messages: Uint8Array[], hex: string][] = [
  [
    'a bridge that is up',
    addLinkMessages(plain, lookup),
    `
    380000001000050600000000000000000000000000000000010000000100000008000300666c3000100012800b0001006272696467650000`,
  ],
  [
    'all properties of a bridge, alias and MTU by themselves',
    addLinkMessages(shaped, lookup),
    `
    4c0000001000050600000000000000000000000000000000010000000100000008000300666c30000a000100024200000001000008000a00
    06000000100012800b0001006272696467650000400000001300050000000000000000000000000000000000000000000000000008000300
    666c300008000400aa0500000f001400666169726c65616420780000`,
  ],
  [
    'a veth with its peer in another namespace',
    addLinkMessages(ofType(veth), lookup),
    `
    780000001000050600000000000000000000000000000000010000000100000008000300666c300050001280090001007665746800000000
    400002803c0001800000000000000000000000000000000009000300657468300000000008000400780500000a0001000242000000020000
    08001c0055000000`,
  ],
  [
    'the inner end is only set',
    addLinkMessages({ ...shaped, type: { kind: 'veth' } }, lookup),
    `
    540000001300050000000000000000000000000000000000010000000100000008000300666c300008000400aa0500000a00010002420000
    000100000f001400666169726c6561642078000008000a0006000000`,
  ],
  [
    'a VXLAN',
    addLinkMessages(ofType(vxlan), lookup),
    `
    5c0000001000050600000000000000000000000000000000010000000100000008000300666c3000340012800a00010076786c616e000000
    24000280080001004d000000080004000a000001050007000000000006000f0012b50000`,
  ],
  [
    'a VXLAN over IPv6',
    addLinkMessages(ofType({ ...vxlan, local: ip('fd00::1'), learning: true }), lookup),
    `
    680000001000050600000000000000000000000000000000010000000100000008000300666c3000400012800a00010076786c616e000000
    30000280080001004d00000014001100fd000000000000000000000000000001050007000100000006000f0012b50000`,
  ],
  [
    'a VLAN',
    addLinkMessages(ofType({ kind: 'vlan', parent: 'eth0', id: 7 }), lookup),
    `
    4c0000001000050600000000000000000000000000000000010000000100000008000300666c300008000500040000001c00128009000100
    766c616e000000000c0002800600010007000000`,
  ],
  [
    'a macvlan made in its parent’s namespace',
    addLinkMessages(
      { ...ofType({ kind: 'macvlan', parent: 'eth0', mode: 'bridge' }), namespace: 'box', madeIn: '', alias: 'x' },
      lookup,
    ),
    `
    540000001000050600000000000000000000000066000000010000000100000008000300666c3000080005000400000008001c0055000000
    1c0012800c0001006d6163766c616e000c000280080001000400000030000000130005000000000000000000000000000000000000000000
    0000000008000300666c30000600140078000000`,
  ],
  [
    'an ipvlan',
    addLinkMessages(ofType({ kind: 'ipvlan', parent: 'eth0', mode: 'l3s', flag: 'vepa' }), lookup),
    `
    540000001000050600000000000000000000000000000000010000000100000008000300666c30000800050004000000240012800b000100
    6970766c616e00001400028006000100020000000600020002000000`,
  ],
  [
    'a dummy that is down',
    addLinkMessages({ ...ofType({ kind: 'dummy' }), up: false }, lookup),
    `
    380000001000050600000000000000000000000000000000000000000100000008000300666c3000100012800a00010064756d6d79000000`,
  ],
  [
    'a change',
    changeLinkMessages({ ...plain, mtu: 1400 }, plain, lookup),
    `
    300000001300050000000000000000000000000000000000010000000100000008000300666c30000800040078050000`,
  ],
  [
    'a change that releases a port',
    changeLinkMessages(plain, { ...plain, master: 'br' }, lookup),
    `
    300000001300050000000000000000000000000000000000000000000000000008000300666c300008000a00000000002800000013000500
    00000000000000000000000000000000010000000100000008000300666c3000`,
  ],
  [
    'switching off',
    [setLinkUpMessage('lo', false)],
    '2800000013000500000000000000000000000000000000000000000001000000070003006c6f0000',
  ],
  [
    'removing',
    [removeLinkMessage('fl0')],
    '280000001100050000000000000000000000000000000000000000000000000008000300666c3000',
  ],
  [
    'getting one',
    [getLinkMessage('fl0')],
    `
    300000001200010000000000000000000000000000000000000000000000000008000300666c300008001d0008000000`,
  ],
  [
    'listing with counters',
    [dumpLinksMessage(true)],
    '2000000012000103000000000000000000000000000000000000000000000000',
  ],
  [
    'listing without counters',
    [dumpLinksMessage()],
    '280000001200010300000000000000000000000000000000000000000000000008001d0008000000',
  ],
  [
    'asking for a namespace’s id',
    [getNamespaceIdMessage(0x55)],
    '1c0000005a0001000000000000000000000000000800030055000000',
  ],
];

for (const [name, messages, hex] of table) {
  test(`link message: ${name}`, () => assert.equal(joinMessages(messages).toHex(), hex.replaceAll(/\s/g, '')));
}

const names = {
  linkName: (index: number) => (index === 5 ? 'fl0' : undefined),
  foreignLink: (id: number, index: number) =>
    id === 1 && index === 9 ? { namespace: 'host', name: 'eth9' } : undefined,
};

/** What the kernel would say about a link: the request that makes it, with attributes that only it can give. */
function observed(body: (writer: AttributeWriter) => void) {
  const [message] = decodeMessages(
    encodeMessage(16, 0, (writer) => {
      writer.header.u32(0).i32(7).u32(1).u32(0);
      writer
        .text(3, 'x')
        .u32(4, 1500)
        .bytes(1, Uint8Array.of(2, 0, 0, 0, 0, 1));
      body(writer);
    }),
  );
  assert.ok(message !== undefined);
  return { message, object: linkObjectOf(decodeLinkDetails(message), 'box', names) };
}

const seen = { kind: 'link', namespace: 'box', name: 'x', up: true, mac: '02:00:00:00:00:01', mtu: 1500 } as const;
const information = (kind: string, data?: (writer: AttributeWriter) => void) => (writer: AttributeWriter) => {
  writer.nested(18, (nest) => {
    nest.text(1, kind);
    if (data !== undefined) nest.nested(2, data);
  });
};

const decoded: [name: string, body: (writer: AttributeWriter) => void, rest: object][] = [
  ['a physical link', () => {}, { type: { kind: 'other', name: 'device' } }],
  [
    'a port with an alias',
    (w) => w.u32(10, 5).text(20, 'fairlead a'),
    { type: { kind: 'other', name: 'device' }, master: 'fl0', alias: 'fairlead a' },
  ],
  ['a link in a group', (w) => w.u32(27, 7), { type: { kind: 'other', name: 'device' }, group: 7 }],
  ['a link in none', (w) => w.u32(27, 0), { type: { kind: 'other', name: 'device' } }],
  [
    'a veth, whose other end is not told',
    (w) => information('veth')(w.u32(5, 3).u32(37, 1)),
    { type: { kind: 'veth' } },
  ],
  ['a bridge', information('bridge'), { type: { kind: 'bridge' } }],
  [
    'a VLAN of a parent here',
    (w) => information('vlan', (d) => d.u16(1, 7))(w.u32(5, 5)),
    { type: { kind: 'vlan', parent: 'fl0', id: 7 } },
  ],
  [
    'a macvlan of a parent elsewhere',
    (w) => information('macvlan', (d) => d.u32(1, 4))(w.u32(5, 9).u32(37, 1)),
    { type: { kind: 'macvlan', parent: 'eth9', mode: 'bridge' }, madeIn: 'host' },
  ],
  [
    'an ipvlan',
    (w) => information('ipvlan', (d) => d.u16(1, 2).u16(2, 2))(w.u32(5, 5)),
    { type: { kind: 'ipvlan', parent: 'fl0', mode: 'l3s', flag: 'vepa' } },
  ],
  [
    'a VXLAN',
    information('vxlan', (d) =>
      d
        .u32(1, 77)
        .bytes(2, Uint8Array.of(10, 0, 0, 1))
        .u8(7, 0)
        .u16be(15, 4789),
    ),
    { type: { kind: 'vxlan', id: 77, port: 4789, learning: false } },
  ],
];

for (const [name, body, rest] of decoded) {
  test(`link decoded: ${name}`, () => assert.deepEqual(observed(body).object, { ...seen, ...rest }));
}

test('details have index, state and counters', () => {
  const counters = new ByteWriter();
  for (let number = 1n; number <= 24n; number++) counters.u64(number);
  const { message } = observed((writer) => writer.u8(16, 6).bytes(23, counters.finish()));
  const details = decodeLinkDetails(message);
  assert.equal(linkIndexIn(message), 7);
  assert.equal(details.operationalState, 'up');
  assert.deepEqual(Object.values(details.statistics ?? {}), [1, 2, 3, 4, 5, 6, 7, 8]);
});

test('counters alone are asked for, and read', () => {
  assert.equal(Buffer.from(dumpLinkStatisticsMessage()).toString('hex'), `1c0000005e000103${'0'.repeat(32)}01000000`);
  const counters = new ByteWriter();
  for (let number = 1n; number <= 24n; number++) counters.u64(number);
  const [message = assert.fail()] = decodeMessages(
    encodeMessage(92, 0, (writer) => writer.header.zeros(4).u32(7).u32(1) && writer.bytes(1, counters.finish())),
  );
  const { index, statistics } = decodeLinkStatistics(message);
  assert.equal(index, 7);
  assert.deepEqual(Object.values(statistics), [1, 2, 3, 4, 5, 6, 7, 8]);
});

test('a namespace’s id is read, and that there is none', () => {
  const answer = (id: number) =>
    decodeMessages(encodeMessage(88, 0, (writer) => writer.header.zeros(4) && writer.u32(1, id >>> 0)));
  assert.equal(decodeNamespaceId(answer(3)[0] ?? assert.fail()), 3);
  assert.equal(decodeNamespaceId(answer(-1)[0] ?? assert.fail()), undefined);
});

test('a link is made where its parent is', () => {
  assert.equal(homeOfLink(plain), '');
  assert.equal(homeOfLink({ ...plain, namespace: 'box', madeIn: 'host' }), 'host');
});

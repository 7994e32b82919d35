import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  parseInterfaceAddress as cidr,
  parseIpAddress as ip,
  parseMacAddress as mac,
  parsePrefix as prefix,
} from '@fairlead/base';
import { encodeFlowFlush } from '../conntrack.ts';
import { encodeMessage } from '../message.ts';
import { encodeElements } from '../nftables/element-codec.ts';
import type { Change, KernelObject, LinkType } from '../object/kernel-object.ts';
import { type RouteChange, routeRequests } from '../route/route-change.ts';
import { quote } from './command.ts';
import type { RouteEntry, TranscriptEntry } from './entry.ts';
import { renderTranscript } from './transcript.ts';

const effect = { namespace: '', operation: 'test', microseconds: 1 };
const links = new Map([
  [3, 'eth0'],
  [4, 'fl0'],
]);
const numbers = {
  linkIndex: (_: string, name: string) => (name === 'fl0' ? 4 : 3),
  newLinkIndex: () => 1_500_000_000,
  namespaceDescriptor: (namespace: string) => (namespace === '' ? 10 : 11),
};
const routeEntry = (bytes: Uint8Array, namespace = ''): RouteEntry => ({
  ...effect,
  namespace,
  protocol: 'route',
  bytes,
  links,
  descriptors: new Map([
    [10, ''],
    [11, 'box'],
  ]),
});

function commands(change: RouteChange): string[] {
  return routeRequests(change, numbers).flatMap(({ message, namespace }) =>
    renderTranscript([routeEntry(message, namespace)]),
  );
}

const ofType = (type: LinkType) => ({ kind: 'link', namespace: '', name: 'x', type, up: true }) as const;
const address = { kind: 'address', namespace: 'box', link: 'eth0', address: cidr('fd00::2/64') } as const;
const route = { kind: 'route', namespace: '', destination: prefix('10.1.0.0/16'), link: 'eth0' } as const;
const rule = { kind: 'rule', namespace: '', family: 4, priority: 9, table: 7 } as const;

const table: [object: RouteChange['object'], commands: string[]][] = [
  [ofType({ kind: 'bridge' }), ['ip link add name x up type bridge']],
  [{ ...ofType({ kind: 'bridge' }), group: 7 }, ['ip link add name x up group 7 type bridge']],
  [
    { ...ofType({ kind: 'veth', peer: { namespace: '', name: 'y' } }), master: 'fl0', alias: "it's mine" },
    ['ip link add name x up master fl0 type veth peer name y', "ip link set dev x alias 'it'\\''s mine'"],
  ],
  [ofType({ kind: 'veth' }), ['ip link set dev x up']],
  [{ ...ofType({ kind: 'veth' }), up: false, mtu: 9000 }, ['ip link set dev x down mtu 9000']],
  [ofType({ kind: 'vlan', parent: 'eth0', id: 7 }), ['ip link add link eth0 name x up type vlan id 7']],
  [
    { ...ofType({ kind: 'macvlan', parent: 'eth0', mode: 'passthru' }), namespace: 'box', madeIn: '' },
    ['ip link add index 1500000000 link eth0 name x up netns box type macvlan mode passthru'],
  ],
  [
    { ...ofType({ kind: 'moved', source: 'eth0' }), namespace: 'box', madeIn: '', up: false, mtu: 1400, alias: 'mine' },
    ['ip link set dev eth0 name x down mtu 1400 alias mine netns box'],
  ],
  [
    ofType({ kind: 'ipvlan', parent: 'eth0', mode: 'l3', flag: 'private' }),
    ['ip link add link eth0 name x up type ipvlan mode l3 private'],
  ],
  [
    ofType({ kind: 'vxlan', id: 7, local: ip('fd00::1'), port: 4789, learning: true }),
    ['ip link add name x up type vxlan id 7 local fd00::1 dstport 4789 learning'],
  ],
  [address, ['ip -n box address add fd00::2/64 dev eth0 nodad']],
  [route, ['ip route add 10.1.0.0/16 dev eth0 proto static scope global']],
  [{ ...route, scope: 'link', table: 300 }, ['ip route add 10.1.0.0/16 dev eth0 table 300 proto static']],
  [
    { ...route, via: ip('10.0.0.1'), mtu: 1400 },
    ['ip route add 10.1.0.0/16 via 10.0.0.1 dev eth0 mtu 1400 proto static'],
  ],
  [{ ...route, via: ip('fd00::1'), protocol: 99 }, ['ip route add 10.1.0.0/16 via inet6 fd00::1 dev eth0 proto 99']],
  [
    { kind: 'route', namespace: '', destination: prefix('::/0'), type: 'unreachable' },
    ['ip -6 route add unreachable default proto static'],
  ],
  [rule, ['ip rule add priority 9 from all lookup 7 protocol static']],
  [
    { ...rule, mark: { value: 1, mask: 15 }, outgoing: 'eth0' },
    ['ip rule add priority 9 from all oif eth0 fwmark 0x1/0xf lookup 7 protocol static'],
  ],
  [
    { ...rule, inverted: true, mark: { value: 1, mask: 15 }, suppress: 0 },
    ['ip rule add not priority 9 from all fwmark 0x1/0xf lookup 7 suppress_prefixlength 0 protocol static'],
  ],
];

for (const [object, expected] of table) {
  test(`add ${JSON.stringify(object)}`, () => assert.deepEqual(commands({ action: 'add', object }), expected));
}

const others: [change: Change & RouteChange, commands: string[]][] = [
  [{ action: 'remove', object: ofType({ kind: 'bridge' }) }, ['ip link del x']],
  [{ action: 'remove', object: ofType({ kind: 'veth' }) }, []],
  [
    { action: 'change', object: ofType({ kind: 'dummy' }), previous: { ...ofType({ kind: 'dummy' }), master: 'fl0' } },
    ['ip link set dev x nomaster', 'ip link set dev x up'],
  ],
  [{ action: 'remove', object: address }, ['ip -n box address del fd00::2/64 dev eth0']],
  [{ action: 'change', object: address, previous: address }, []],
  [{ action: 'remove', object: { ...route, via: ip('10.0.0.1') } }, ['ip route del 10.1.0.0/16 via 10.0.0.1 dev eth0']],
  [
    { action: 'change', object: { ...route, scope: 'link' }, previous: route },
    ['ip route replace 10.1.0.0/16 dev eth0 proto static'],
  ],
  [
    { action: 'change', object: { ...rule, from: prefix('10.0.0.0/8') }, previous: rule },
    [
      'ip rule add priority 9 from 10.0.0.0/8 lookup 7 protocol static',
      'ip rule del priority 9 from all lookup 7 protocol static',
    ],
  ],
];

for (const [change, expected] of others) {
  test(`${change.action} ${JSON.stringify(change.object)}`, () => assert.deepEqual(commands(change), expected));
}

const neighbors: [object: KernelObject & { kind: 'neighbor' | 'fdb' }, add: string, remove: string][] = [
  [
    { kind: 'neighbor', namespace: '', link: 'eth0', address: ip('10.0.0.9'), mac: mac('02:00:00:00:00:09') },
    'ip neighbor replace 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent',
    'ip neighbor del 10.0.0.9 dev eth0',
  ],
  [
    {
      kind: 'fdb',
      namespace: 'box',
      link: 'fl0',
      mac: mac('00:00:00:00:00:00'),
      destination: ip('10.0.0.9'),
      on: 'self',
    },
    'bridge -n box fdb append 00:00:00:00:00:00 dev fl0 dst 10.0.0.9 self permanent',
    'bridge -n box fdb del 00:00:00:00:00:00 dev fl0 dst 10.0.0.9 self permanent',
  ],
  [
    { kind: 'fdb', namespace: '', link: 'eth0', mac: mac('02:00:00:00:00:09'), vlan: 7, on: 'master' },
    'bridge fdb add 02:00:00:00:00:09 dev eth0 vlan 7 master static',
    'bridge fdb del 02:00:00:00:00:09 dev eth0 vlan 7 master static',
  ],
  [
    { kind: 'fdb', namespace: '', link: 'eth0', mac: mac('02:00:00:00:00:09'), on: 'master', sticky: true },
    'bridge fdb replace 02:00:00:00:00:09 dev eth0 master static sticky',
    'bridge fdb del 02:00:00:00:00:09 dev eth0 master static',
  ],
];

for (const [object, add, remove] of neighbors) {
  test(`${object.kind} ${object.mac}`, () => {
    assert.deepEqual(commands({ action: 'add', object }), [add]);
    assert.deepEqual(commands({ action: 'remove', object }), [remove]);
  });
}

test('token buckets', () => {
  const bucket = { kind: 'qdisc', namespace: 'box', link: 'eth0', rate: 1_250_000 } as const;
  const replace = 'tc -n box qdisc replace dev eth0 root handle 1: tbf rate';
  assert.deepEqual(commands({ action: 'add', object: bucket }), [`${replace} 1250000bps burst 32768 limit 95268`]);
  assert.deepEqual(commands({ action: 'change', object: { ...bucket, rate: 125_000_000 }, previous: bucket }), [
    `${replace} 125000000bps burst 500000 limit 6750000`,
  ]);
  assert.deepEqual(commands({ action: 'remove', object: { ...bucket, namespace: '' } }), [
    'tc qdisc del dev eth0 root handle 1:',
  ]);
});

test('namespaces and sysctls', () => {
  const remapped = [{ inside: 0, outside: 100_000, count: 65_536 }];
  const entries: TranscriptEntry[] = [
    { ...effect, namespace: 'box', protocol: 'namespace', action: 'add' },
    { ...effect, namespace: 'box', protocol: 'sysctl', key: 'net.ipv4.conf.eth0/1.rp_filter', value: '2' },
    { ...effect, protocol: 'sysctl', key: 'net.ipv4.ip_local_port_range', value: '1 2' },
    { ...effect, namespace: 'box', protocol: 'namespace', action: 'remove' },
    { ...effect, namespace: 'box', protocol: 'namespace', action: 'add', owner: { users: remapped, groups: remapped } },
  ];
  assert.deepEqual(renderTranscript(entries), [
    'ip netns add box',
    'nsenter --net=/run/netns/box sysctl -q -w net.ipv4.conf.eth0/1.rp_filter=2',
    "sysctl -q -w 'net.ipv4.ip_local_port_range=1 2'",
    'ip netns del box',
    "unshare --user --net sh -c 'echo $$; exec sleep 9' | { read p; " +
      "printf '0 100000 65536\\n' >/proc/$p/uid_map; printf '0 100000 65536\\n' >/proc/$p/gid_map; " +
      'ip netns attach box $p; kill $p; }',
  ]);
});

test('elements are written with what their set was made for', () => {
  const schema = { table: { family: 'inet', name: 'fairlead' }, set: { name: 'bridges', key: ['ifname'] } } as const;
  const [request] = encodeElements(schema, 'add', [{ key: ['fl0'] }]);
  const bytes = request?.message ?? assert.fail();
  const entry: TranscriptEntry = { ...effect, namespace: 'box', protocol: 'netfilter', bytes, sets: [schema] };
  assert.deepEqual(renderTranscript([entry]), [
    `nsenter --net=/run/netns/box nft 'add element inet fairlead bridges { "fl0" }'`,
  ]);
  assert.throws(() => renderTranscript([{ ...entry, sets: [] }]), /set/);
});

test('forgotten connections are written for conntrack(8)', () => {
  const bytes = encodeFlowFlush({
    family: 4,
    original: { protocol: 17, destinationPort: 53 },
    reply: { source: ip('10.0.0.2') },
  });
  assert.deepEqual(renderTranscript([{ ...effect, protocol: 'netfilter', bytes, sets: [] }]), [
    'conntrack -D -f ipv4 -p 17 --orig-port-dst 53 --reply-src 10.0.0.2 || true',
  ]);
});

test('what the kernel refused is a comment', () => {
  const [request] = routeRequests({ action: 'add', object: ofType({ kind: 'bridge' }) }, numbers);
  const entry = { ...routeEntry(request?.message ?? assert.fail()), errno: 'EEXIST' } as const;
  assert.deepEqual(renderTranscript([entry]), ['# failed with EEXIST: ip link add name x up type bridge']);
});

test('what cannot be written is an error: an attribute, a message, a flag, an index', () => {
  const link = (body: (writer: Parameters<Parameters<typeof encodeMessage>[2]>[0]) => void, change = 0) =>
    routeEntry(
      encodeMessage(19, 0, (writer) => {
        writer.header.u32(0).i32(0).u32(change).u32(change);
        body(writer);
      }),
    );
  assert.throws(() => renderTranscript([link((writer) => writer.text(3, 'x').u32(13, 1000))]), /unknown attributes 13/);
  assert.throws(() => renderTranscript([link((writer) => writer.text(3, 'x'), 0x100)]), /flags/);
  assert.throws(() => renderTranscript([link((writer) => writer.text(3, 'x').u32(10, 99))]), /does not know link 99/);
  assert.throws(() => renderTranscript([routeEntry(encodeMessage(40, 0, () => {}))]), /type 40/);
});

test('only plain words go without quotes', () => {
  assert.equal(quote('fd00::1/64'), 'fd00::1/64');
  assert.equal(quote('a b'), "'a b'");
  assert.equal(quote('$(x)'), "'$(x)'");
  assert.equal(quote(''), "''");
});

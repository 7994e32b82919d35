import {
  parseInterfaceAddress as cidr,
  parseIpAddress as ip,
  parseMacAddress as mac,
  parsePrefix as prefix,
} from '@fairlead/base';
import type {
  AddressObject,
  Change,
  ElementObject,
  FdbObject,
  KernelObject,
  LinkObject,
  NeighborObject,
  QdiscObject,
  RouteObject,
  RuleObject,
  SysctlObject,
  TableDefinition,
  TableObject,
} from '@fairlead/netlink';

/** The namespace that plays the host, named as `testNames` does; the suite is for kernels that need no root, too. */
export const host = `fl-test-conform-${process.pid}-host`;
/** The namespace that plays the container. */
export const box = `fl-test-conform-${process.pid}-box`;
const bridgeMac = mac('02:42:00:00:00:01');
const boxMac = mac('02:42:00:00:00:03');

/** A network's bridge. */
export const bridge: LinkObject = {
  kind: 'link',
  namespace: host,
  name: 'fl0',
  type: { kind: 'bridge' },
  up: true,
  mac: bridgeMac,
  mtu: 1450,
  alias: 'fairlead a',
};
/** An endpoint's pair, the outer end a port of the bridge. */
export const veth: LinkObject = {
  kind: 'link',
  namespace: host,
  name: 'fla',
  up: true,
  mac: mac('02:42:00:00:00:02'),
  mtu: 1450,
  master: 'fl0',
  alias: 'fairlead b',
  type: { kind: 'veth', peer: { namespace: box, name: 'eth0', mac: boxMac, mtu: 1450 } },
};
/** Its inner end, up. */
export const inner: LinkObject = {
  kind: 'link',
  namespace: box,
  name: 'eth0',
  type: { kind: 'veth' },
  up: true,
  mac: boxMac,
  mtu: 1450,
};
/** An address on a link. */
export const address = (namespace: string, link: string, text: string): AddressObject => ({
  kind: 'address',
  namespace,
  link,
  address: cidr(text),
});
/** A route of the container. */
export const route = (to: string, rest: Partial<RouteObject> = {}): RouteObject => ({
  kind: 'route',
  namespace: box,
  destination: prefix(to),
  ...rest,
});
/** By way of the bridge. */
export const gateway = { via: ip('10.77.0.1'), link: 'eth0' };
/** A rule of the container. */
export const rule: RuleObject = {
  kind: 'rule',
  namespace: box,
  family: 4,
  priority: 100,
  table: 1000,
  from: prefix('10.77.0.0/24'),
};
/** A neighbour of the container. */
export const neighbor: NeighborObject = {
  kind: 'neighbor',
  namespace: box,
  link: 'eth0',
  address: ip('10.77.0.9'),
  mac: mac('02:42:00:00:00:09'),
};
/** A tunnel in the bridge. */
export const vxlan: LinkObject = {
  kind: 'link',
  namespace: host,
  name: 'flvx',
  up: true,
  mac: mac('02:42:00:00:00:04'),
  mtu: 1450,
  master: 'fl0',
  type: { kind: 'vxlan', id: 77, local: ip('10.77.0.1'), port: 4790, learning: false },
};
/** A second link of the container, from the host's bridge. */
export const macvlan: LinkObject = {
  kind: 'link',
  namespace: box,
  name: 'flmv',
  up: true,
  mac: mac('02:42:00:00:00:05'),
  madeIn: host,
  type: { kind: 'macvlan', parent: 'fl0', mode: 'bridge' },
  alias: 'fairlead c',
};
/** A link that somebody made in the host, down. */
export const foreignLink: LinkObject = {
  kind: 'link',
  namespace: host,
  name: 'card',
  up: false,
  type: { kind: 'veth', peer: { namespace: host, name: 'far' } },
};
/** The same in the container, under another name. */
export const moved: LinkObject = {
  kind: 'link',
  namespace: box,
  name: 'net0',
  up: true,
  mac: mac('02:42:00:00:00:06'),
  mtu: 1400,
  madeIn: host,
  type: { kind: 'moved', source: 'card' },
  alias: 'fairlead d',
};
/** A forwarding entry of the host. */
export const fdb = (link: string, text: string, rest: Partial<FdbObject>): FdbObject => ({
  kind: 'fdb',
  namespace: host,
  link,
  mac: mac(text),
  on: 'self',
  ...rest,
});
/** A setting of the container's link. */
export const sysctl: SysctlObject = { kind: 'sysctl', namespace: box, key: 'net.ipv4.conf.eth0.rp_filter', value: '2' };

/** A table that sees frames, by what nft 1.0.6 has no names for. */
export const bridgeTable: TableDefinition = {
  family: 'bridge',
  name: 'fairlead-bridge',
  sets: [
    { name: 'senders', key: ['ifname', 'ether_addr'] },
    { name: 'targets', key: ['ifname', '@th,64,128'], comment: 'in a rule by its place' },
  ],
  chains: [
    {
      name: 'frames',
      hook: { type: 'filter', hook: 'prerouting', priority: -350, policy: 'accept' },
      rules: [
        {
          statements: [
            { match: ['iifname', 'arp saddr ether'], with: { set: 'senders' } },
            { match: ['arp saddr ip'], with: { value: '0.0.0.0' } },
            { verdict: 'accept' },
          ],
        },
        {
          statements: [
            { match: ['ip6 saddr'], with: { value: '::' } },
            { match: ['icmpv6 type'], with: { value: 'nd-neighbor-solicit' } },
            { match: ['iifname', '@th,64,128'], with: { set: 'targets' } },
            { counter: true },
            { verdict: 'drop' },
          ],
        },
      ],
    },
  ],
};

/** A table that sees what comes in by one interface, of both families. */
export const deviceTable: TableDefinition = {
  family: 'netdev',
  name: 'fairlead-device',
  sets: [],
  chains: [
    {
      name: 'answer',
      rules: [
        {
          statements: [
            { match: ['udp sport'], with: { value: '40053' } },
            { set: 'udp sport', to: 53 },
          ],
        },
      ],
    },
    {
      name: 'answers',
      hook: { type: 'filter', hook: 'ingress', device: 'lo', priority: 0, policy: 'accept' },
      rules: [
        {
          statements: [
            { match: ['ip saddr'], with: { value: '127.0.0.11' } },
            { verdict: 'goto', chain: 'answer' },
          ],
        },
        {
          statements: [
            { match: ['ip6 saddr'], with: { value: '::1' } },
            { verdict: 'goto', chain: 'answer' },
          ],
        },
      ],
    },
  ],
};

/** A table of IPv6 alone. */
export const table6: TableDefinition = {
  family: 'ip6',
  name: 'fairlead-six',
  sets: [{ name: 'addresses', key: ['ipv6_addr'] }],
  chains: [
    {
      name: 'relay',
      hook: { type: 'filter', hook: 'prerouting', priority: -80, policy: 'accept' },
      rules: [
        {
          statements: [
            { match: ['ip6 daddr'], with: { set: 'addresses' } },
            { match: ['meta l4proto'], with: { value: 'tcp' } },
            { tproxy: { address: '100::1', port: 4 } },
          ],
        },
      ],
    },
  ],
};

/** A table with a set, a map, and a chain that jumps to another. */
export const definition: TableDefinition = {
  family: 'inet',
  name: 'fairlead',
  comment: 'conformance',
  sets: [
    { name: 'bridges', key: ['ifname'] },
    { name: 'published', key: ['inet_proto', 'inet_service'], value: ['ipv4_addr', 'inet_service'], interval: true },
  ],
  chains: [
    { name: 'inside', rules: [{ statements: [{ counter: true }, { verdict: 'drop' }] }] },
    {
      name: 'forward',
      hook: { type: 'filter', hook: 'forward', priority: 0, policy: 'accept' },
      rules: [
        {
          statements: [
            { match: ['iifname'], with: { set: 'bridges' } },
            { verdict: 'jump', chain: 'inside' },
          ],
        },
      ],
    },
  ],
};
/** That table in the host. */
export const table: TableObject = { kind: 'table', namespace: host, definition };
/** An element of one of its sets. */
export const element = (set: string, key: string[], value?: string[]): ElementObject => ({
  kind: 'element',
  namespace: host,
  table: 'fairlead',
  set,
  key,
  ...(value === undefined ? {} : { value }),
});
/** A range of ports, led to one. */
export const published = element('published', ['tcp', '8080-8090'], ['10.77.0.2', '80']);

/** Both namespaces. */
export const spaces: KernelObject[] = [
  { kind: 'namespace', namespace: host },
  { kind: 'namespace', namespace: box },
];
/** A network with one endpoint. */
export const attached: KernelObject[] = [
  ...spaces,
  bridge,
  address(host, 'fl0', '10.77.0.1/24'),
  address(host, 'fl0', 'fd77::1/64'),
  veth,
  address(box, 'eth0', '10.77.0.2/24'),
  address(box, 'eth0', 'fd77::2/64'),
  inner,
];
/** A limit of what a link sends. */
export const bucket: QdiscObject = { kind: 'qdisc', namespace: host, link: 'fla', rate: 1_250_000 };
/** One of each object, in an order in which they can be made. */
export const everything: KernelObject[] = [
  ...attached,
  sysctl,
  route('0.0.0.0/0', gateway),
  route('::/0', { via: ip('fd77::1'), link: 'eth0' }),
  route('10.80.0.0/16', { link: 'eth0', scope: 'link', source: ip('10.77.0.2') }),
  route('10.81.0.0/16', { ...gateway, metric: 7 }),
  route('10.82.0.0/16', { type: 'blackhole', table: 1000 }),
  rule,
  neighbor,
  vxlan,
  macvlan,
  fdb('flvx', '00:00:00:00:00:00', { destination: ip('10.77.0.9') }),
  fdb('flvx', '00:00:00:00:00:00', { destination: ip('10.77.0.10') }),
  fdb('flvx', '02:42:00:00:00:63', { destination: ip('10.77.0.9') }),
  fdb('fla', '02:42:00:00:00:64', { on: 'master' }),
  fdb('fla', '02:42:00:00:00:65', { on: 'master', sticky: true }),
  bucket,
  { kind: 'qdisc', namespace: box, link: 'eth0', rate: 125_000 },
  table,
  element('bridges', ['fl0']),
  published,
  element('published', ['udp', '53'], ['10.77.0.2', '53']),
  { kind: 'table', namespace: host, definition: bridgeTable },
  {
    kind: 'element',
    namespace: host,
    family: 'bridge',
    table: 'fairlead-bridge',
    set: 'targets',
    key: ['fla', 'fd77::2'],
  },
  { kind: 'table', namespace: host, definition: deviceTable },
  { kind: 'table', namespace: host, definition: table6 },
  { kind: 'element', namespace: host, family: 'ip6', table: 'fairlead-six', set: 'addresses', key: ['fd77::2'] },
];

/** The change that adds an object. */
export const add = (object: KernelObject): Change => ({ action: 'add', object });
/** The change that removes an object. */
export const remove = (object: KernelObject): Change => ({ action: 'remove', object });

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { afterEach, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import {
  parseInterfaceAddress as cidr,
  parseIpAddress as ip,
  parseMacAddress as mac,
  parsePrefix as prefix,
} from '@fairlead/base';
import type { Change, KernelObject, LinkObject, RouteObject, RuleObject, TableDefinition } from '@fairlead/netlink';
import { Recorder } from './change/recorder.ts';
import { Kernel } from './kernel.ts';
import { deleteNamespace, listNamespaces, namespacePath } from './namespace/namespace.ts';
import { openOwner } from './namespace/user-namespace.ts';
import { bridgeTable } from './testing/conformance-objects.ts';
import { testNames } from './testing/test-names.ts';

const base = testNames('replay');
const [host, box, host2, box2] = [`${base}h1`, `${base}c1`, `${base}h2`, `${base}c2`] as const;

function clean(): void {
  for (const name of listNamespaces()) if (name.startsWith(base)) deleteNamespace(name);
}
clean();
afterEach(clean);

const remapped = [{ inside: 0, outside: 100_000, count: 65_536 }];

const bridge: LinkObject = {
  kind: 'link',
  namespace: host,
  name: 'fl0',
  type: { kind: 'bridge' },
  up: true,
  mtu: 1450,
  mac: mac('02:42:00:00:00:01'),
  alias: "fairlead network 'web'",
};
const outer: LinkObject = {
  kind: 'link',
  namespace: host,
  name: 'fla',
  up: true,
  mtu: 1450,
  mac: mac('02:42:00:00:00:02'),
  master: 'fl0',
  alias: 'fairlead endpoint',
  type: { kind: 'veth', peer: { namespace: box, name: 'eth0', mac: mac('02:42:00:00:00:03'), mtu: 1450 } },
};
const inner: LinkObject = {
  kind: 'link',
  namespace: box,
  name: 'eth0',
  type: { kind: 'veth' },
  up: true,
  mac: mac('02:42:00:00:00:03'),
  mtu: 1450,
};
const vxlan: LinkObject = {
  kind: 'link',
  namespace: host,
  name: 'flvx',
  up: true,
  mac: mac('02:42:00:00:00:04'),
  mtu: 1450,
  master: 'fl0',
  type: { kind: 'vxlan', id: 77, local: ip('10.77.0.1'), port: 4790, learning: false },
};
const macvlan: LinkObject = {
  kind: 'link',
  namespace: box,
  name: 'mv0',
  up: true,
  mac: mac('02:42:00:00:00:05'),
  mtu: 1450,
  madeIn: host,
  type: { kind: 'macvlan', parent: 'fl0', mode: 'bridge' },
};
const card: LinkObject = {
  kind: 'link',
  namespace: host,
  name: 'card',
  up: true,
  mac: mac('02:42:00:00:00:07'),
  type: { kind: 'veth', peer: { namespace: host, name: 'far', mac: mac('02:42:00:00:00:08') } },
};
const moved: LinkObject = {
  kind: 'link',
  namespace: box,
  name: 'net0',
  up: false,
  mac: mac('02:42:00:00:00:06'),
  mtu: 1400,
  madeIn: host,
  type: { kind: 'moved', source: 'card' },
  alias: 'fairlead endpoint',
};
const route: RouteObject = {
  kind: 'route',
  namespace: box,
  destination: prefix('10.80.0.0/16'),
  via: ip('10.77.0.9'),
  link: 'eth0',
};
const rule: RuleObject = {
  kind: 'rule',
  namespace: box,
  family: 4,
  priority: 100,
  table: 1000,
  from: prefix('10.77.0.0/24'),
};

const table: TableDefinition = {
  family: 'inet',
  name: 'fairlead',
  comment: 'made by a test',
  sets: [
    { name: 'bridges', key: ['ifname'] },
    { name: 'published', key: ['inet_proto', 'inet_service'], value: ['ipv4_addr', 'inet_service'], interval: true },
  ],
  chains: [
    {
      name: 'forward',
      hook: { type: 'filter', hook: 'forward', priority: 0, policy: 'accept' },
      rules: [
        { statements: [{ match: ['iifname'], with: { set: 'bridges' } }, { counter: true }, { verdict: 'drop' }] },
      ],
    },
  ],
};
const element = (key: string[], value?: string[]): KernelObject => ({
  kind: 'element',
  namespace: host,
  table: 'fairlead',
  set: value ? 'published' : 'bridges',
  key,
  ...(value ? { value } : {}),
});

const ofBridge = { kind: 'element', namespace: host, family: 'bridge', table: 'fairlead-bridge' } as const;
const bucket = (namespace: string, link: string, rate: number): KernelObject => ({
  kind: 'qdisc',
  namespace,
  link,
  rate,
});

const added: KernelObject[] = [
  { kind: 'namespace', namespace: host },
  { kind: 'namespace', namespace: box, owner: { users: remapped, groups: remapped } },
  bridge,
  outer,
  { kind: 'sysctl', namespace: box, key: 'net.ipv4.conf.eth0.rp_filter', value: '2' },
  { kind: 'sysctl', namespace: host, key: 'net.ipv4.ip_forward', value: '1' },
  { kind: 'address', namespace: host, link: 'fl0', address: cidr('10.77.0.1/24') },
  { kind: 'address', namespace: host, link: 'fl0', address: cidr('fd77::1/64') },
  { kind: 'address', namespace: host, link: 'lo', address: cidr('127.0.0.5/32') },
  { kind: 'address', namespace: box, link: 'eth0', address: cidr('10.77.0.2/24') },
  { kind: 'address', namespace: box, link: 'eth0', address: cidr('10.77.9.2/32') },
  { kind: 'address', namespace: box, link: 'eth0', address: cidr('fd77::2/64') },
  inner,
  { kind: 'route', namespace: box, destination: prefix('0.0.0.0/0'), via: ip('10.77.0.1'), link: 'eth0' },
  { kind: 'route', namespace: box, destination: prefix('::/0'), via: ip('fd77::1'), link: 'eth0' },
  {
    kind: 'route',
    namespace: box,
    destination: prefix('10.78.0.0/16'),
    link: 'eth0',
    scope: 'link',
    source: ip('10.77.9.2'),
  },
  { kind: 'route', namespace: box, destination: prefix('10.79.0.0/16'), link: 'eth0' },
  { kind: 'route', namespace: box, destination: prefix('10.81.0.0/16'), via: ip('fd77::1'), link: 'eth0', metric: 7 },
  { kind: 'route', namespace: box, destination: prefix('10.82.0.0/16'), type: 'blackhole', table: 1000 },
  { kind: 'route', namespace: box, destination: prefix('fd82::/64'), type: 'unreachable', metric: 5 },
  { kind: 'route', namespace: box, destination: prefix('fd83::/64'), link: 'eth0', protocol: 186 },
  route,
  rule,
  {
    kind: 'rule',
    namespace: host,
    family: 6,
    priority: 200,
    table: 7,
    to: prefix('fd00::/8'),
    incoming: 'fl0',
    outgoing: 'fla',
    mark: { value: 16, mask: 255 },
  },
  { kind: 'neighbor', namespace: box, link: 'eth0', address: ip('10.77.0.9'), mac: mac('02:42:00:00:00:09') },
  { kind: 'neighbor', namespace: host, link: 'fl0', address: ip('fd77::9'), mac: mac('02:42:00:00:00:09') },
  vxlan,
  {
    kind: 'fdb',
    namespace: host,
    link: 'flvx',
    mac: mac('00:00:00:00:00:00'),
    destination: ip('10.77.0.9'),
    on: 'self',
  },
  {
    kind: 'fdb',
    namespace: host,
    link: 'flvx',
    mac: mac('00:00:00:00:00:00'),
    destination: ip('10.77.0.10'),
    on: 'self',
  },
  {
    kind: 'fdb',
    namespace: host,
    link: 'flvx',
    mac: mac('02:42:00:00:00:63'),
    destination: ip('10.77.0.9'),
    on: 'self',
  },
  { kind: 'fdb', namespace: host, link: 'flvx', mac: mac('02:42:00:00:00:63'), on: 'master' },
  { kind: 'fdb', namespace: host, link: 'fla', mac: mac('02:42:00:00:00:64'), on: 'master' },
  { kind: 'fdb', namespace: host, link: 'fla', mac: mac('02:42:00:00:00:65'), on: 'master', sticky: true },
  macvlan,
  card,
  moved,
  bucket(host, 'fla', 1_250_000),
  bucket(box, 'eth0', 125_000),
  { kind: 'table', namespace: host, definition: table },
  element(['fl0']),
  element(['tcp', '8080'], ['10.77.0.2', '80']),
  element(['udp', '9000-9010'], ['10.77.0.2', '53']),
  { kind: 'table', namespace: host, definition: bridgeTable },
  { ...ofBridge, set: 'targets', key: ['fla', 'fd77::2'] },
];

const changed: Change[] = [
  { action: 'change', object: bucket(host, 'fla', 2_500_000), previous: bucket(host, 'fla', 1_250_000) },
  { action: 'remove', object: bucket(box, 'eth0', 125_000) },
  { action: 'change', object: { ...bridge, mtu: 1440 }, previous: bridge },
  { action: 'change', object: { ...route, via: ip('10.77.0.8') }, previous: route },
  { action: 'change', object: { ...rule, from: prefix('10.77.0.0/25') }, previous: rule },
  { action: 'change', object: { ...outer, up: false }, previous: outer },
  { action: 'change', object: { ...outer, alias: 'fairlead other' }, previous: outer },
  {
    action: 'change',
    object: element(['tcp', '8080'], ['10.77.0.2', '81']),
    previous: element(['tcp', '8080'], ['10.77.0.2', '80']),
  },
  { action: 'remove', object: element(['udp', '9000-9010'], ['10.77.0.2', '53']) },
  { action: 'remove', object: { kind: 'address', namespace: box, link: 'eth0', address: cidr('10.77.9.2/32') } },
  {
    action: 'remove',
    object: { kind: 'route', namespace: box, destination: prefix('10.82.0.0/16'), type: 'blackhole', table: 1000 },
  },
  { action: 'remove', object: { kind: 'route', namespace: box, destination: prefix('fd83::/64'), link: 'eth0' } },
  {
    action: 'remove',
    object: { kind: 'neighbor', namespace: box, link: 'eth0', address: ip('10.77.0.9'), mac: mac('02:42:00:00:00:09') },
  },
  {
    action: 'remove',
    object: {
      kind: 'fdb',
      namespace: host,
      link: 'flvx',
      mac: mac('00:00:00:00:00:00'),
      destination: ip('10.77.0.10'),
      on: 'self',
    },
  },
  {
    action: 'remove',
    object: { kind: 'fdb', namespace: host, link: 'fla', mac: mac('02:42:00:00:00:64'), on: 'master' },
  },
];

/** What differs between two machines that did the same: numbers, times, counters. */
const volatile = new Set([
  'ifindex',
  'link_index',
  'link_netnsid',
  'handle',
  'stats',
  'stats64',
  'gc_timer',
  'hello_timer',
  'tcn_timer',
  'topology_change_timer',
  'hold_timer',
  'message_age_timer',
  'forward_delay_timer',
  'used',
  'confirmed',
  'updated',
  'refcnt',
  'bytes',
  'packets',
  'valid_life_time',
  'preferred_life_time',
  'ip6_expire',
  'multicast_startup_query_interval',
  'valid_lft',
  'timer',
  'ageing',
]);

function tool(...words: string[]): string {
  return execFileSync(words[0] ?? '', words.slice(1), { encoding: 'utf8' });
}

/** Without what was learnt from packets, in an order that does not depend on hashes or on when a link came up. */
function settled(entries: unknown): unknown {
  if (!Array.isArray(entries)) return entries;
  const texts = entries.map((entry) => JSON.stringify(entry));
  return texts
    .filter((text) => !/"state":(""|\["(REACHABLE|STALE|DELAY|PROBE|FAILED|INCOMPLETE)"\])/.test(text))
    .sort();
}

function show(...words: string[]): unknown {
  const text = tool(...words)
    .replaceAll(/fl-test-replay-\d+-([hc])\d/g, '$1')
    // Ubuntu's iproute2 writes this between the number of a VXLAN and the comma.
    .replaceAll(/(?<=\d)fan-map (?=,)/g, '');
  return JSON.parse(text === '' ? '[]' : text, (key, value: unknown) => (volatile.has(key) ? undefined : value));
}

/** Who is root in a namespace; '' for the host's own root. */
function ownerOf(namespace: string): string {
  using owner = openOwner(namespacePath(namespace));
  const isOwn = readlinkSync(owner.path) === readlinkSync('/proc/self/ns/user');
  return isOwn ? '' : tool('nsenter', `--user=${owner.path}`, 'cat', '/proc/self/uid_map', '/proc/self/gid_map');
}

/** Everything that the tools can tell about a pair of namespaces. */
function snapshot(pair: readonly string[]) {
  return pair.map((namespace) => ({
    links: show('ip', '-j', '-d', '-n', namespace, 'link'),
    addresses: show('ip', '-j', '-d', '-n', namespace, 'address'),
    routes4: show('ip', '-4', '-j', '-d', '-n', namespace, 'route', 'show', 'table', 'all'),
    routes6: settled(show('ip', '-6', '-j', '-d', '-n', namespace, 'route', 'show', 'table', 'all')),
    neighbors: settled(show('ip', '-j', '-n', namespace, 'neighbor')),
    limits: show('tc', '-j', '-n', namespace, 'qdisc', 'show'),
    rules4: show('ip', '-4', '-j', '-d', '-n', namespace, 'rule'),
    rules6: show('ip', '-6', '-j', '-d', '-n', namespace, 'rule'),
    fdb: settled(show('bridge', '-j', '-n', namespace, 'fdb')),
    tables: show('nsenter', `--net=/run/netns/${namespace}`, 'nft', '-j', 'list', 'ruleset'),
    owner: ownerOf(namespace),
    forwarding: tool('nsenter', `--net=/run/netns/${namespace}`, 'sysctl', 'net.ipv4.ip_forward'),
  }));
}

/** Carrier and address detection settle in the background, for each pair in its own time. */
async function assertSame(): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return assert.deepEqual(snapshot([host2, box2]), snapshot([host, box]));
    } catch (error) {
      if (attempt === 30) throw error;
      await setTimeout(100);
    }
  }
}

function replay(commands: readonly string[]): void {
  const script = commands.join('\n').replaceAll(host, host2).replaceAll(box, box2);
  execFileSync('bash', ['-e'], { input: script, stdio: ['pipe', 'inherit', 'inherit'] });
}

test('what the transcript says, typed into the real tools, gives the same kernel state', async () => {
  const recorder = new Recorder();
  using kernel = new Kernel(recorder);
  await kernel.apply(added.map((object) => ({ action: 'add', object })));
  replay((await recorder.transcript(1)) ?? []);
  await assertSame();
  await kernel.apply(changed);
  replay((await recorder.transcript(2)) ?? []);
  await assertSame();
  const links = [macvlan, vxlan, outer, moved].map((object): Change => ({ action: 'remove', object }));
  await kernel.apply([...links, { action: 'remove', object: { kind: 'table', namespace: host, definition: table } }]);
  replay((await recorder.transcript(3)) ?? []);
  await assertSame();
});

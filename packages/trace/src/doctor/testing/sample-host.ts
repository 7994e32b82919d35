import assert from 'node:assert/strict';
import { type MacAddress, parseInterfaceAddress, parseIpAddress, parseMacAddress, parsePrefix } from '@fairlead/base';
import type { LinkDetails, RouteObject } from '@fairlead/netlink';
import type { SocketDetails } from '@fairlead/netlink/sockets';
import type { NetworkPlace } from '../../model/directory.ts';
import type { TraceReport } from '../../model/report.ts';
import type { HostState, InsideState, ProofOf } from '../host-state.ts';

/** A link. */
export function link(index: number, name: string, change: Partial<LinkDetails> = {}): LinkDetails {
  return { index, name, up: true, mtu: 1500, operationalState: 'up', ...change };
}

/** A route; one without a link swallows what it is for. */
export function route(destination: string, device?: string): RouteObject {
  const base = { kind: 'route', namespace: '', destination: parsePrefix(destination) } as const;
  return device === undefined ? { ...base, type: 'blackhole' } : { ...base, link: device };
}

/** Addresses of its container. */
export const web = parseIpAddress('10.9.1.2');
export const web6 = parseIpAddress('fd00:9:1::2');

/** A host with one container, on which all is well. */
export const healthy: HostState = {
  directory: {
    containers: [
      {
        name: 'web',
        id: 'a',
        namespace: 'fl-web',
        attachments: [{ network: 'app', ipv4: web, ipv6: web6, interface: 'eth0', hostInterface: 'veth1' }],
        publications: [
          {
            protocol: 'tcp',
            hostAddress: parseIpAddress('0.0.0.0'),
            hostPorts: { first: 8080, last: 8080 },
            containerPorts: { first: 80, last: 80 },
          },
        ],
      },
      { name: 'asleep', id: 'b', attachments: [], publications: [] },
    ],
    networks: [
      {
        name: 'app',
        driver: 'bridge',
        internal: false,
        open: true,
        interface: 'br-app',
        gateways: [parseIpAddress('10.9.1.1')],
        subnets: [parsePrefix('10.9.1.0/24'), parsePrefix('fd00:9:1::/64')],
        mtu: 1500,
      },
    ],
  },
  links: [
    link(1, 'lo'),
    link(2, 'eth0'),
    link(3, 'br-app', { kind: 'bridge' }),
    link(4, 'veth1', { kind: 'veth', masterIndex: 3, alias: 'fairlead web' }),
  ],
  rules: [{ kind: 'rule', namespace: '', family: 4, priority: 32_766, table: 254 }],
  routes: [
    route('0.0.0.0/0', 'eth0'),
    route('192.0.2.0/24', 'eth0'),
    route('10.9.1.0/24', 'br-app'),
    route('fd00:9:1::/64', 'br-app'),
    route('fe80::/64', 'eth0'),
  ],
  addresses: [parseIpAddress('192.0.2.2')],
  hasWayOut: { 4: true, 6: false },
  sysctls: {
    'net.ipv4.ip_forward': '1',
    'net.ipv6.conf.all.forwarding': '1',
    'net.bridge.bridge-nf-call-iptables': '1',
    'net.netfilter.nf_conntrack_count': '10',
    'net.netfilter.nf_conntrack_max': '1000',
  },
  chains: [{ family: 'inet', table: 'fairlead', chain: 'forward', hook: 'forward', priority: 0, policy: 'accept' }],
  namespaces: ['fl-web', 'somebody'],
  inside: [
    {
      container: 'web',
      links: [link(1, 'lo'), link(2, 'eth0')],
      addresses: [
        { link: 'eth0', address: parseInterfaceAddress('10.9.1.2/24') },
        { link: 'eth0', address: parseInterfaceAddress('fd00:9:1::2/64') },
      ],
      routes: [],
      sockets: [],
      sysctls: { 'net.ipv4.conf.all.arp_ignore': '1', 'net.ipv6.conf.all.disable_ipv6': '0' },
    },
  ],
  nameServers: [{ server: parseIpAddress('192.0.2.53') }],
  ownNames: [{ container: 'web' }],
  missingFeatures: [],
  proofs: [],
  silences: [],
  rivalries: [],
};

/** The host with a network of two bridges, and the container on the further one; a link of it is another, or gone. */
export function segmented(change: Partial<LinkDetails> & { readonly absent?: boolean } = {}): HostState {
  const segment = { bridge: 'b1-app', trunk: 't1-app', uplink: 'u1-app' };
  const { absent, ...rest } = change;
  const veth = (index: number, name: string, masterIndex: number) =>
    link(index, name, { kind: 'veth', masterIndex, alias: 'fairlead network' });
  const links = [
    ...healthy.links.map((each) => (each.name === 'veth1' ? { ...each, masterIndex: 5 } : each)),
    link(5, segment.bridge, { kind: 'bridge' }),
    veth(6, segment.trunk, 3),
    veth(7, segment.uplink, 5),
  ].flatMap((each) => (each.name !== change.name ? [each] : absent ? [] : [{ ...each, ...rest }]));
  const { containers, networks } = healthy.directory;
  const attached = containers.map((each) => ({
    ...each,
    attachments: each.attachments.map((one) => ({ ...one, segment })),
  }));
  const directory = { containers: attached, networks: networks.map((each) => ({ ...each, segments: [segment] })) };
  return { ...healthy, links, directory };
}

/** The network with somebody on its bridge who uses the address of a container. */
export const clashing = (network: NetworkPlace): NetworkPlace => ({ ...network, clashes: ['10.9.0.2 is used twice'] });

/** The network with another engine on its bridge. */
export const shared = (network: NetworkPlace): NetworkPlace => ({ ...network, sharing: 'Another engine uses it' });

/** The host with another machine that has its container’s address. */
export const contested: HostState = {
  ...healthy,
  directory: {
    ...healthy.directory,
    containers: healthy.directory.containers.map((each) => ({
      ...each,
      attachments: each.attachments.map((one) => ({ ...one, contests: ['Somebody uses it as well.'] })),
    })),
  },
};

/** The host with something else inside of its container. */
export function insideWith(change: Partial<InsideState>): HostState {
  return { ...healthy, inside: healthy.inside.map((each) => ({ ...each, ...change })) };
}

/** A server of the container. */
export function socket(change: Partial<SocketDetails>): SocketDetails {
  const local = { address: parseIpAddress('::'), port: 80 };
  const remote = { address: parseIpAddress('::'), port: 0 };
  const base = { protocol: 'tcp', state: 'listen', local, remote, inode: 1, userId: 0 } as const;
  return { ...base, receiveQueue: 0, sendQueue: 5, ...change };
}

/** The host with a second container, and with these files in the first. */
export function withFiles(hosts: string, resolvConf = 'nameserver 127.0.0.11'): HostState {
  const { containers, networks } = healthy.directory;
  const [first] = containers;
  assert.ok(first);
  const attachments = [{ network: 'app', ipv4: parseIpAddress('10.9.1.3') }];
  const db = { name: 'db', id: 'c', namespace: 'fl-db', attachments, publications: [] };
  const directory = { networks, containers: [{ ...first, files: { hosts, resolvConf } }, db] };
  return { ...healthy, directory, namespaces: ['fl-web', 'fl-db'] };
}

/** What a trace has to say. */
export function report(change: Partial<TraceReport>): TraceReport {
  return {
    schema: 'fairlead.trace/1',
    verdict: 'dropped',
    summary: 'dropped in host',
    capabilities: { packets: true, rules: true, missing: [] },
    hops: [],
    fixes: [],
    milliseconds: 1,
    ...change,
  };
}

/** The host, with what a packet has shown. */
export function withProof(purpose: ProofOf['purpose'], change: Partial<TraceReport>): HostState {
  return { ...healthy, proofs: [{ purpose, report: report(change) }] };
}

/** A cause of which only the code matters. */
export const cause = (code: string) => ({ code, text: 'why', evidence: ['seen'] });
/** Purposes of packets. */
export const out = { kind: 'way-out', network: 'app', from: 'web', family: 4 } as const;

export const toHost = { kind: 'host', network: 'app', from: 'web' } as const;
export const attempt = { kind: 'attempt', from: 'web', to: '198.51.100.1:80' } as const;

/** The host, of which somebody asked who has an address, and these two answered. */
export function rivalled(first: MacAddress, second: MacAddress): HostState {
  const asked = { network: 'app', asker: 'web', device: 'eth0', source: web, target: web, owner: 'host' };
  const links = healthy.links.map((each) => ({ ...each, mac: hostMac }));
  return { ...healthy, links, rivalries: [{ ...asked, macs: [first, second] }] };
}

/** Hardware addresses: of the host’s interfaces in {@link rivalled}, and of somebody else. */
export const hostMac = parseMacAddress('02:00:00:00:00:01');
export const otherMac = parseMacAddress('02:00:00:00:00:02');

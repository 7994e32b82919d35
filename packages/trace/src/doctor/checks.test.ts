import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInterfaceAddress, parseIpAddress, parsePrefix } from '@fairlead/base';
import type { LinkDetails, RouteObject } from '@fairlead/netlink';
import type { NetworkPlace } from '../model/directory.ts';
import type { TraceReport } from '../model/report.ts';
import { runChecks } from './checks.ts';
import { confirmedResults, type Finding, mergeFindings } from './finding.ts';
import type { HostState, ProofOf } from './host-state.ts';
import { planProofs } from './proofs.ts';

function link(index: number, name: string, change: Partial<LinkDetails> = {}): LinkDetails {
  return { index, name, up: true, mtu: 1500, operationalState: 'up', ...change };
}

function route(destination: string, device?: string): RouteObject {
  const base = { kind: 'route', namespace: '', destination: parsePrefix(destination) } as const;
  return device === undefined ? { ...base, type: 'blackhole' } : { ...base, link: device };
}

const web = parseIpAddress('10.9.1.2');
const web6 = parseIpAddress('fd00:9:1::2');

const healthy: HostState = {
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
  hasWayOut: true,
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
    },
  ],
  nameServers: [{ server: parseIpAddress('192.0.2.53') }],
  ownNames: [{ container: 'web' }],
  missingFeatures: [],
  proofs: [],
};

/** The host with a network of two bridges, and the container on the further one; a link of it is another, or gone. */
function segmented(change: Partial<LinkDetails> & { readonly absent?: boolean } = {}): HostState {
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

const clashing = (network: NetworkPlace): NetworkPlace => ({ ...network, clashes: ['10.9.0.2 is used twice'] });
const shared = (network: NetworkPlace): NetworkPlace => ({ ...network, sharing: 'Another engine uses it' });

const contested: HostState = {
  ...healthy,
  directory: {
    ...healthy.directory,
    containers: healthy.directory.containers.map((each) => ({
      ...each,
      attachments: each.attachments.map((one) => ({ ...one, contests: ['Somebody uses it as well.'] })),
    })),
  },
};

function codes(state: HostState): string[] {
  return runChecks(state).flatMap(({ findings }) => findings.map(({ code }) => code));
}

function report(change: Partial<TraceReport>): TraceReport {
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

function withProof(purpose: ProofOf['purpose'], change: Partial<TraceReport>): HostState {
  return { ...healthy, proofs: [{ purpose, report: report(change) }] };
}

const cause = (code: string) => ({ code, text: 'why', evidence: ['seen'] });
const out = { kind: 'way-out', network: 'app', from: 'web', family: 4 } as const;

const cases: [name: string, state: HostState, codes: string[]][] = [
  ['a healthy host', healthy, []],
  [
    'forwarding that is off',
    { ...healthy, sysctls: { ...healthy.sysctls, 'net.ipv4.ip_forward': '0' } },
    ['forwarding-off'],
  ],
  [
    'forwarding of IPv6 that is off',
    { ...healthy, sysctls: { ...healthy.sysctls, 'net.ipv6.conf.all.forwarding': '0' } },
    ['forwarding-off'],
  ],
  ['no default route', { ...healthy, hasWayOut: false }, ['no-default-route']],
  [
    'a default route in halves',
    { ...healthy, routes: [...healthy.routes, route('0.0.0.0/1', 'tun0'), route('128.0.0.0/1', 'tun0')] },
    [],
  ],
  [
    'a more exact route of a VPN',
    { ...healthy, routes: [...healthy.routes, route('10.9.1.0/25', 'wg0')] },
    ['subnet-overlap'],
  ],
  [
    'a wider route of a VPN',
    { ...healthy, routes: [...healthy.routes, route('10.0.0.0/8', 'wg0')] },
    ['subnet-overlap'],
  ],
  [
    'a blackhole around a network',
    { ...healthy, routes: [...healthy.routes, route('10.0.0.0/8')] },
    ['subnet-overlap'],
  ],
  [
    'a VPN with a table of its own',
    {
      ...healthy,
      rules: [{ kind: 'rule', namespace: '', family: 4, priority: 5270, table: 52 }, ...healthy.rules],
      routes: [...healthy.routes, { ...route('10.0.0.0/8', 'tailscale0'), table: 52 }],
    },
    ['subnet-overlap'],
  ],
  ['another machine of a LAN that uses the address of a container', contested, ['address-contested']],
  [
    'another engine that uses the bridge of a network',
    { ...healthy, directory: { ...healthy.directory, networks: healthy.directory.networks.map(shared) } },
    ['bridge-shared'],
  ],
  [
    'somebody on the bridge of a network who uses the address of a container',
    { ...healthy, directory: { ...healthy.directory, networks: healthy.directory.networks.slice(0, 1).map(clashing) } },
    ['address-contested'],
  ],
  ['a route for other addresses', { ...healthy, routes: [...healthy.routes, route('10.10.0.0/16', 'wg0')] }, []],
  [
    'a table of connections that is nearly full',
    { ...healthy, sysctls: { ...healthy.sysctls, 'net.netfilter.nf_conntrack_count': '850' } },
    ['conntrack-pressure'],
  ],
  [
    'a name server that does not answer',
    { ...healthy, nameServers: [{ server: parseIpAddress('192.0.2.53'), failure: 'no answer' }] },
    ['name-server-silent'],
  ],
  ['a container as name server', { ...healthy, nameServers: [{ server: web }] }, ['name-server-loop']],
  [
    'names that are not found',
    { ...healthy, ownNames: [{ container: 'web', failure: 'SERVFAIL' }] },
    ['name-service-broken'],
  ],
  ['a namespace of nobody', { ...healthy, namespaces: ['fl-web', 'fl-gone'] }, ['stale-namespace']],
  [
    'a cable of nobody',
    { ...healthy, links: [...healthy.links, link(9, 'veth9', { kind: 'veth', alias: 'fairlead gone' })] },
    ['stale-interface'],
  ],
  ['a cable of somebody else', { ...healthy, links: [...healthy.links, link(9, 'veth9', { kind: 'veth' })] }, []],
  ['no table of our own', { ...healthy, chains: [] }, ['own-table-missing']],
  [
    'a bridge that is gone',
    { ...healthy, links: healthy.links.filter(({ name }) => name !== 'br-app') },
    ['bridge-missing'],
  ],
  [
    'a cable that is down',
    { ...healthy, links: healthy.links.map((each) => (each.name === 'veth1' ? { ...each, up: false } : each)) },
    ['interface-down'],
  ],
  [
    'a cable that is not plugged in',
    { ...healthy, links: healthy.links.map((each) => (each.name === 'veth1' ? link(4, 'veth1') : each)) },
    ['off-the-bridge'],
  ],
  ['a network of two bridges', segmented(), []],
  ['a further bridge that is down', segmented({ name: 'b1-app', up: false }), ['interface-down']],
  ['a further bridge without its cable', segmented({ name: 't1-app', absent: true }), ['bridge-missing']],
  ['a cable that is in the wrong bridge of two', segmented({ name: 'veth1', masterIndex: 3 }), ['off-the-bridge']],
  [
    'a container without its interface',
    { ...healthy, inside: healthy.inside.map((each) => ({ ...each, links: [link(1, 'lo')] })) },
    ['interface-missing'],
  ],
  [
    'a container without an address',
    { ...healthy, inside: healthy.inside.map((each) => ({ ...each, addresses: each.addresses.slice(1) })) },
    ['address-missing'],
  ],
  ['a feature that the kernel has not', { ...healthy, missingFeatures: ['BTF'] }, ['kernel-feature']],
  [
    'a policy of drop that lets us through',
    {
      ...healthy,
      chains: [
        ...healthy.chains,
        { family: 'ip', table: 'filter', chain: 'FORWARD', hook: 'forward', priority: 0, policy: 'drop' },
      ],
    },
    [],
  ],
  ['a way out that a rule bars', withProof(out, { cause: cause('foreign-policy') }), ['foreign-policy']],
  ['a gateway that does not answer', withProof(out, { verdict: 'lost', cause: cause('no-answer-from-outside') }), []],
  ['a gateway that is not there', withProof(out, { cause: cause('no-neighbor') }), []],
  ['a probe that was not understood', withProof(out, { verdict: 'unknown' }), []],
  [
    'a published port that nobody serves',
    withProof({ kind: 'way-in', container: 'web', port: 8080 }, { verdict: 'refused', cause: cause('nobody-listens') }),
    ['nobody-listens'],
  ],
  [
    'a published port that is for others',
    withProof({ kind: 'way-in', container: 'web', port: 8080 }, { cause: cause('not-allowed') }),
    [],
  ],
  [
    'a way that takes smaller packets',
    withProof({ kind: 'size', network: 'app', size: 1500 }, { cause: cause('too-big') }),
    ['mtu'],
  ],
  [
    'a large packet that was lost otherwise',
    withProof({ kind: 'size', network: 'app', size: 1500 }, { cause: cause('foreign-rule') }),
    [],
  ],
];

for (const [name, state, expected] of cases) {
  test(`${name}: ${expected.join(', ') || 'nothing is found'}`, () => {
    assert.deepEqual(codes(state), expected);
  });
}

test('every finding has evidence, and names who is affected where somebody is', () => {
  for (const [name, state] of cases) {
    for (const { evidence, text, code, affects } of runChecks(state).flatMap(({ findings }) => findings)) {
      assert.ok(evidence.length > 0 && text.length > 0, name);
      if (!/^stale|kernel/.test(code)) assert.deepEqual(affects, ['web'], name);
    }
  }
});

test('one cause is told once', () => {
  const proofs = [1, 2, 3].map((): ProofOf => ({ purpose: out, report: report({ cause: cause('forwarding-off') }) }));
  const state = { ...healthy, sysctls: { ...healthy.sysctls, 'net.ipv4.ip_forward': '0' }, proofs };
  assert.deepEqual(codes(state), ['forwarding-off']);
});

test('what has the same rule for its cause is one finding, for everybody whom it hits', () => {
  const finding = (network: string, container: string): Finding => ({
    code: 'foreign-policy',
    severity: 'error',
    text: 'why',
    consequences: [`Containers of ${network} do not get out.`],
    evidence: ['kernel', 'nft trace: table ip filter'],
    affects: [container],
    fixes: [{ text: 'Accept it', commands: [`accept ${network}`], undo: ['undo'] }],
  });
  const other = { ...finding('c', 'z'), evidence: ['kernel', 'nft trace: another'] };
  const merged = mergeFindings([finding('a', 'x'), finding('b', 'y'), other]);
  assert.equal(merged.length, 2);
  assert.deepEqual(merged[0]?.affects, ['x', 'y']);
  assert.deepEqual(merged[0]?.fixes, [{ text: 'Accept it', commands: ['accept a', 'accept b'], undo: ['undo'] }]);
  assert.equal(merged[0]?.consequences?.length, 2);
});

test('what is seen once only is no trouble', () => {
  const stale = { ...healthy, links: [...healthy.links, link(9, 'veth9', { kind: 'veth', alias: 'fairlead web' })] };
  const off = { ...healthy, sysctls: { ...healthy.sysctls, 'net.ipv4.ip_forward': '0' } };
  const codesOf = (before: HostState, after: HostState) =>
    confirmedResults(runChecks(before), runChecks(after)).flatMap(({ findings }) => findings.map(({ code }) => code));
  assert.deepEqual(codesOf(stale, healthy), [], 'a cable that has gone meanwhile');
  assert.deepEqual(codesOf(off, stale), [], 'one that came after the first look');
  assert.deepEqual(codesOf(stale, stale), ['stale-interface']);
  assert.deepEqual(codesOf(off, off), ['forwarding-off']);
  const note = { ...healthy, missingFeatures: ['feature'] };
  assert.deepEqual(codesOf(healthy, note), ['kernel-feature'], 'a note is no trouble');
});

test('what one container cannot and another on its network can is its own trouble', () => {
  const failing = (from: string): ProofOf => ({
    purpose: { ...out, from },
    report: report({ cause: cause('no-route') }),
  });
  const working: ProofOf = { purpose: { ...out, from: 'other' }, report: report({ verdict: 'delivered' }) };
  const state = { ...healthy, proofs: [failing('web'), working] };
  const [found] = runChecks(state).flatMap(({ findings }) => findings);
  assert.deepEqual(found?.affects, ['web']);
  assert.deepEqual(found.consequences, ['web does not get out.']);
  const all = { ...healthy, proofs: [failing('web'), failing('other')] };
  assert.deepEqual(runChecks(all).flatMap(({ findings }) => findings)[0]?.consequences, [
    'Containers of app do not get out.',
  ]);
});

test('every container on a network with a way out sends a packet there, once for each IP version', () => {
  const [first] = healthy.directory.containers;
  assert.ok(first);
  const directory = { ...healthy.directory, containers: [first, { ...first, name: 'other' }] };
  const gateways = { 4: parseIpAddress('192.0.2.1'), 6: parseIpAddress('2001:db8::1') };
  const host = { uplink: () => undefined, gateway: (family: 4 | 6) => gateways[family], all: new Set<typeof web>() };
  const ways = planProofs(directory, host).flatMap(({ purpose }) =>
    purpose.kind === 'way-out' ? [`${purpose.from} ${purpose.family}`] : [],
  );
  assert.deepEqual(ways.toSorted(), ['other 4', 'other 6', 'web 4', 'web 6']);
});

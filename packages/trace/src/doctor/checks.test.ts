import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInterfaceAddress, parseIpAddress } from '@fairlead/base';
import { runChecks } from './checks.ts';
import { confirmedResults, type Finding, mergeFindings } from './finding.ts';
import type { HostState, ProofOf } from './host-state.ts';
import {
  attempt,
  cause,
  clashing,
  contested,
  healthy,
  hostMac,
  insideWith,
  link,
  otherMac,
  out,
  report,
  rivalled,
  route,
  segmented,
  shared,
  socket,
  toHost,
  web,
  withFiles,
  withProof,
} from './testing/sample-host.ts';

function codes(state: HostState): string[] {
  return runChecks(state).flatMap(({ findings }) => findings.map(({ code }) => code));
}

/** The host, on which somebody asked for its container in vain. */
function silent(state: HostState): HostState {
  const asked = { network: 'app', asker: 'web', device: 'eth0', source: web, target: web, owner: 'web' };
  return { ...state, silences: [asked, asked] };
}

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
  ['no default route', { ...healthy, hasWayOut: { 4: false, 6: true } }, ['no-default-route']],
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
  [
    'no default route of IPv6, with an address of the Internet',
    { ...healthy, addresses: [...healthy.addresses, parseIpAddress('2001:db8::2')], hasWayOut: { 4: true, 6: false } },
    ['no-default-route'],
  ],
  [
    'a route that refuses other addresses',
    { ...healthy, routes: [...healthy.routes, route('198.51.100.0/24')] },
    ['route-blocked'],
  ],
  ['a container that refuses addresses', insideWith({ routes: [route('198.51.100.0/24')] }), ['route-blocked']],
  [
    'IPv6 that is switched off in a container',
    insideWith({
      addresses: [{ link: 'eth0', address: parseInterfaceAddress('10.9.1.2/24') }],
      sysctls: { 'net.ipv6.conf.eth0.disable_ipv6': '1' },
    }),
    ['ipv6-off'],
  ],
  [
    'a container that is too narrow for IPv6',
    insideWith({
      addresses: [{ link: 'eth0', address: parseInterfaceAddress('10.9.1.2/24') }],
      links: [link(1, 'lo'), link(2, 'eth0', { mtu: 1279 })],
    }),
    ['ipv6-off'],
  ],
  [
    'a container without its lo',
    insideWith({ links: [link(1, 'lo', { up: false }), link(2, 'eth0')] }),
    ['interface-down'],
  ],
  [
    'a container that is told to ignore who asks for it',
    silent(insideWith({ sysctls: { 'net.ipv4.conf.eth0.arp_ignore': '8' } })),
    ['neighbor-silent'],
  ],
  [
    'a container that is down and does not answer',
    silent(insideWith({ links: [link(2, 'eth0', { up: false })] })),
    ['interface-down'],
  ],
  [
    'an interface without ARP',
    silent(insideWith({ links: [link(1, 'lo'), link(2, 'eth0', { withoutArp: true })] })),
    ['arp-off'],
  ],
  ['a server', insideWith({ sockets: [socket({ receiveQueue: 5 })] }), []],
  ['a server that does not accept', insideWith({ sockets: [socket({ receiveQueue: 6 })] }), ['socket-full']],
  ['a hosts file that is right', withFiles('127.0.0.1 localhost\n10.9.1.3 db'), []],
  ['a hosts file with an old address', withFiles('10.9.1.77 db'), ['stale-name']],
  ['another name server in a container', withFiles('', 'nameserver 10.9.1.77'), ['other-name-server']],
  ['no name server in a container', withFiles('', 'search home'), ['no-name-server']],
  ['a gateway that a container claims as well', rivalled(hostMac, otherMac), ['address-contested']],
  ['somebody who answers on two interfaces', rivalled(hostMac, hostMac), []],
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
  [
    'another gateway that is not there',
    withProof(out, { cause: { ...cause('no-neighbor'), neighbor: parseIpAddress('192.0.2.99') } }),
    ['no-neighbor'],
  ],
  ['a firewall that keeps containers from the host', withProof(toHost, { cause: cause('foreign-rule') }), []],
  ['a host that answers elsewhere', withProof(toHost, { cause: cause('answer-elsewhere') }), ['answer-elsewhere']],
  [
    'a published port whose answers go elsewhere',
    withProof({ kind: 'way-in', container: 'web', port: 8080 }, { verdict: 'lost', cause: cause('answer-elsewhere') }),
    ['answer-elsewhere'],
  ],
  ['an attempt that a blackhole stops', withProof(attempt, { cause: cause('route-blocked') }), ['route-blocked']],
  ['an attempt that nobody answers', withProof(attempt, { verdict: 'lost', cause: cause('no-answer') }), []],
  ['an attempt that is refused by now', withProof(attempt, { verdict: 'refused', cause: cause('nobody-listens') }), []],
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
      if (!/^stale-(namespace|interface)|kernel|route-blocked/.test(code)) assert.deepEqual(affects, ['web'], name);
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

test('whose policy stops bridged packets is told by the chains of its own table, not of its twin’s', () => {
  const end = { name: 'web', address: parseIpAddress('10.9.1.2') };
  const probe = { mode: 'echo', family: 4, protocol: 'icmp', source: end, destination: end, tag: '0' } as const;
  const state: HostState = {
    ...withProof(out, { cause: cause('bridge-firewall'), probe }),
    sysctls: { ...healthy.sysctls, 'net.bridge.bridge-nf-call-iptables': '1' },
    chains: [
      ...healthy.chains,
      { family: 'ip', table: 'filter', chain: 'FORWARD', hook: 'forward', priority: 0, policy: 'drop' },
      { family: 'ip6', table: 'filter', chain: 'ufw6-before-forward' },
    ],
  };
  const found = runChecks(state).flatMap(({ findings }) => findings);
  assert.match(found.find(({ code }) => code === 'bridge-firewall')?.text ?? '', /, where iptables drops them/);
});

test('findings that are put together are as bad as the worst of them', () => {
  const finding = (severity: Finding['severity']): Finding => ({
    ...{ code: 'no-route', severity, text: 'why', consequences: [severity], evidence: ['kernel'] },
    ...{ affects: ['web'], fixes: [] },
  });
  const worst = (...all: readonly Finding['severity'][]) => mergeFindings(all.map(finding))[0]?.severity;
  assert.deepEqual(
    [worst('warning', 'note'), worst('note', 'warning'), worst('note', 'error')],
    ['warning', 'warning', 'error'],
  );
});

test('a full table of connections is told once, for everybody, when a packet has proved it', () => {
  const full = { ...healthy.sysctls, 'net.netfilter.nf_conntrack_count': '1000' };
  const seen = runChecks({ ...withProof(out, { cause: cause('conntrack-full') }), sysctls: full });
  const others = (each: Finding) => (each.code === 'conntrack-pressure' ? { ...each, affects: ['db', 'web'] } : each);
  const [finding, ...more] = mergeFindings(seen.flatMap(({ findings }) => findings.map(others)));
  assert.deepEqual(more, []);
  assert.deepEqual([finding?.code, finding?.severity, finding?.affects], ['conntrack-full', 'error', ['web', 'db']]);
  assert.match(finding?.evidence.join() ?? '', /proved by a packet/);
  const unproved = runChecks({ ...healthy, sysctls: full }).flatMap(({ findings }) => findings);
  assert.deepEqual(
    mergeFindings(unproved).map(({ code }) => code),
    ['conntrack-pressure'],
  );
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

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IpAddress, parseInterfaceAddress, parseIpAddress, parseMacAddress, parsePrefix } from '@fairlead/base';
import type { LinkDetails } from '@fairlead/netlink';
import type { Case } from '../model/case.ts';
import type { ContainerPlace } from '../model/directory.ts';
import type { NamespaceFacts, RouteFact } from '../model/facts.ts';
import { causeRows, explainCause } from './knowledge-base.ts';
import { address, caseOf, codeOf, facts, firewallDrop, link, sighting } from './testing/sample-case.ts';

/** What test/e2e/trace.test.ts cannot bring about on every kernel, and what must not be mistaken for something else. */

test('every row has a name of its own, or tells the same cause by other evidence', () => {
  const codes = causeRows.map(({ code }) => code);
  assert.deepEqual(
    codes.filter((code, index) => codes.indexOf(code) !== index),
    ['icc-off', 'routing-loop'],
  );
});

test('a full table of connections is told from a firewall', () => {
  const sysctls = { 'net.netfilter.nf_conntrack_count': '1000', 'net.netfilter.nf_conntrack_max': '1000' };
  const trace = caseOf({ drop: firewallDrop });
  const full = { ...trace, facts: { ...trace.facts, last: facts({ sysctls }) } };
  assert.equal(codeOf(full), 'conntrack-full');
  assert.match(explainCause(full).fixes[0]?.commands[0] ?? '', /nf_conntrack_max=4000/);
  const room = facts({ sysctls: { ...sysctls, 'net.netfilter.nf_conntrack_count': '10' } });
  assert.equal(codeOf({ ...trace, facts: { ...trace.facts, last: room } }), 'firewall');
});

test('of the programs of control groups those are named that refuse the packet, or all that may have', () => {
  const drop = sighting({ reason: 'BPF_CGROUP_EGRESS', function: 'ip_finish_output', namespace: 1 });
  const program = (id: number, name: string, group = '/system.slice/x.service') =>
    ({ id, name, hook: 'cgroup_inet_egress', group, folder: `/sys/fs/cgroup${group}` }) as const;
  const trace = caseOf({ drop });
  const told = (...sourcePrograms: NonNullable<Case['facts']['sourcePrograms']>) =>
    explainCause({ ...trace, facts: { ...trace.facts, sourcePrograms } });
  const sure = told(program(7, 'count'), { ...program(8, 'sd_fw_egress'), refuses: true });
  assert.equal(sure.cause?.code, 'cgroup-program');
  assert.match(
    sure.cause.text,
    /^The program sd_fw_egress \(.* of \/system.slice\/x.service, id 8\) refuses what is sent by web/,
  );
  assert.match(sure.fixes[0]?.commands[1] ?? '', /^systemctl set-property --runtime x.service IPAddressDeny=$/);
  const unsure = told(program(7, '', '/a/b'), program(8, 'deny', '/a'));
  assert.match(unsure.cause?.text ?? '', /program without a name .* or the program deny .* refuses/);
  assert.equal(unsure.fixes[1]?.commands.at(-1), 'bpftool cgroup detach /sys/fs/cgroup/a cgroup_inet_egress id 8');
  assert.equal(codeOf(trace), 'dropped', 'nothing is claimed without a program');
});

test('a program that judges connections is told by the refusal to connect, and one for the other IP version is not', () => {
  const program = {
    id: 9,
    name: 'guard',
    hook: 'cgroup_inet4_connect',
    group: '/a',
    folder: '/sys/fs/cgroup/a',
  } as const;
  const trace = caseOf({}, { sendFailure: 'EPERM' });
  const facts = { ...trace.facts, sourcePrograms: [program] };
  assert.equal(codeOf({ ...trace, facts }), 'cgroup-program');
  assert.equal(codeOf({ ...trace, family: 6, facts }), 'not-sent');
});

test('who sends under the address of another is told so, and where that can be changed', () => {
  const hostInterface = 'veth1';
  const web: ContainerPlace = {
    name: 'web',
    id: 'a',
    attachments: [{ network: 'app', ipv4: address.web, hostInterface }],
    publications: [],
  };
  const rule = {
    family: 'bridge',
    table: 'fairlead-antispoof',
    chain: 'sender',
    owner: 'fairlead',
    kind: 'rule',
    text: 'counter drop comment "spoofed address"',
    verdict: 'drop',
  } as const;
  const drop = { ...firewallDrop, device: { index: 3, name: hostInterface } };
  const trace = caseOf({ drop, rule }, { directory: { containers: [web], networks: [] } });
  const { cause, fixes } = explainCause(trace);
  assert.equal(cause?.code, 'spoofed-source');
  assert.match(cause?.text ?? '', /^web sends under an address that is none of its own, .* on the network app/);
  assert.deepEqual(fixes[0]?.commands, ['fairlead network update app -o com.fairlead.antispoof=false']);
});

test('who asks for its neighbours under another hardware address is not heard, and told why', () => {
  const [heldTo, other] = [parseMacAddress('02:00:00:00:00:02'), parseMacAddress('02:00:00:00:00:99')];
  const attachment = { network: 'app', ipv4: address.web, interface: 'eth0', heldTo };
  const container: ContainerPlace = { name: 'web', id: 'a', attachments: [attachment], publications: [] };
  const plain = caseOf({ verdict: 'lost' });
  const from = (mac: typeof other): Case => ({
    ...plain,
    source: { ...plain.source, container },
    facts: { ...plain.facts, source: facts({ links: [{ ...link(2, 'eth0'), mac }], onward: by(2) }) },
  });
  assert.equal(codeOf(from(other)), 'spoofed-source');
  assert.match(explainCause(from(other)).fixes[0]?.commands[0] ?? '', /ip link set eth0 address 02:00:00:00:00:02$/);
  assert.notEqual(codeOf(from(heldTo)), 'spoofed-source');
});

test('the older iptables is only blamed for what nftables did not do', () => {
  const trace = caseOf({ drop: firewallDrop });
  const last = facts({ legacyTables: ['filter'] });
  assert.equal(codeOf({ ...trace, facts: { ...trace.facts, last } }), 'legacy-iptables');
  const told = explainCause({ ...trace, facts: { ...trace.facts, last } });
  assert.match(told.cause?.text ?? '', /not known .*chains OUTPUT, POSTROUTING/, 'it had not come in there');
  assert.deepEqual(told.fixes[0]?.commands, ['iptables-legacy -t filter -vnL']);
  const counted = { table: 'ip filter', chain: 'OUTPUT', hooks: ['OUTPUT'], text: 'policy DROP' };
  const another = { ...counted, chain: 'FORWARD', hooks: ['FORWARD'] };
  const known = explainCause({ ...trace, facts: { ...trace.facts, last, legacyDrops: [another, counted] } });
  assert.match(known.cause?.text ?? '', /chain OUTPUT: policy DROP/);
  assert.match(known.fixes[0]?.commands[0] ?? '', /-t filter -I OUTPUT -d 10\.9\.1\.3 -p tcp --dport 80 -j ACCEPT/);
  const byNft = caseOf({ drop: sighting({ reason: 'NETFILTER_DROP', function: 'nft_do_chain' }) });
  assert.equal(codeOf({ ...byNft, facts: { ...byNft.facts, last } }), 'firewall');
});

for (const reason of ['SOCKET_RCVBUFF', 'TCP_LISTEN_OVERFLOW', 'TCP_REQQFULLDROP', 'SOCKET_FILTER', 'PROTO_MEM']) {
  test(`${reason} is a socket that takes no more`, () => {
    assert.equal(
      codeOf(caseOf({ drop: sighting({ reason, namespace: 3, function: 'tcp_conn_request' }) })),
      'socket-full',
    );
  });
}

test('two routes that point at each other are told by the time that is over', () => {
  const header = { ...firewallDrop.header, protocol: 1, type: 11, code: 0 };
  assert.equal(codeOf(caseOf({ reply: sighting({ role: 'error', event: 'sent', header }) })), 'routing-loop');
});

test('a reason that no row knows is still told as the kernel calls it', () => {
  const trace = caseOf({ drop: sighting({ reason: 'A_NEW_REASON', function: 'new_function' }) });
  const { cause } = explainCause(trace);
  assert.equal(cause?.code, 'dropped');
  assert.match(cause?.text ?? '', /A_NEW_REASON/);
  assert.deepEqual(cause?.evidence, ['kernel: A_NEW_REASON in new_function (host)']);
});

test('what left the machine and got no answer is no fault of this machine', () => {
  assert.equal(codeOf(caseOf({ verdict: 'lost' })), 'no-answer-from-outside');
});

test('what is not known is not claimed', () => {
  assert.deepEqual(explainCause(caseOf({ verdict: 'unknown' })), { fixes: [], verdict: 'unknown' });
});

const island = {
  name: 'island',
  driver: 'bridge',
  internal: true,
  open: true,
  interface: 'br-island',
  gateways: [],
  subnets: [parsePrefix('10.9.1.0/24')],
};
const lan = { ...island, name: 'lan', driver: 'macvlan', internal: false, interface: 'eth0' };
const by = (outgoing: number, gateway?: IpAddress): RouteFact => ({
  route: { type: 'unicast', destination: parsePrefix('0.0.0.0/0'), table: 254, outgoing, ...(gateway && { gateway }) },
});
const onNetwork = (name: string, network: string): ContainerPlace => ({
  name,
  id: name,
  namespace: name,
  attachments: [{ network, ipv4: name === 'web' ? address.web : address.db, interface: 'eth1' }],
  publications: [],
});

test('a container on a macvlan and the host do not reach each other, in either direction', () => {
  const plain = caseOf({ verdict: 'lost' });
  const directory = { containers: [], networks: [lan] };
  const fromContainer: Case = {
    ...plain,
    directory,
    source: { ...plain.source, container: onNetwork('web', 'lan') },
    destination: { ...plain.destination, name: 'host', namespace: '', local: true },
    facts: { ...plain.facts, source: facts({ links: [link(2, 'eth1'), link(3, 'eth0')], onward: by(2) }) },
  };
  assert.equal(codeOf(fromContainer), 'parent-apart');
  const byOther = { ...fromContainer, facts: { ...fromContainer.facts, source: facts({ onward: by(3) }) } };
  assert.notEqual(codeOf(byOther), 'parent-apart');
  assert.notEqual(codeOf({ ...fromContainer, outcome: { ...plain.outcome, verdict: 'delivered' } }), 'parent-apart');
  const routed = facts({ links: [link(2, 'eth1')], onward: by(2, address.db) });
  assert.notEqual(codeOf({ ...fromContainer, facts: { ...fromContainer.facts, source: routed } }), 'parent-apart');
  const host = facts({ links: [link(3, 'eth0')], onward: by(3) });
  const fromHost: Case = {
    ...plain,
    directory,
    source: { name: 'host', address: address.web, namespace: '', arrival: false },
    destination: { ...plain.destination, container: onNetwork('db', 'lan') },
    facts: { ...plain.facts, source: host, host },
  };
  assert.equal(codeOf(fromHost), 'parent-apart');
  assert.notEqual(codeOf({ ...fromHost, source: { ...fromHost.source, arrival: true } }), 'parent-apart');
});

test('the host is not on a network whose bridge has no address', () => {
  const plain = caseOf({ verdict: 'lost' });
  const host = facts({ links: [link(3, 'eth0'), link(4, 'br-island')], onward: by(3) });
  const trace: Case = {
    ...plain,
    directory: { containers: [], networks: [island] },
    source: { name: 'host', address: address.web, namespace: '', arrival: false },
    destination: { ...plain.destination, container: onNetwork('db', 'island') },
    facts: { ...plain.facts, source: host, host },
  };
  assert.equal(codeOf(trace), 'host-not-on-network');
  const withGateway = { ...island, gateways: [address.web] };
  assert.notEqual(codeOf({ ...trace, directory: { containers: [], networks: [withGateway] } }), 'host-not-on-network');
});

test('a cable whose end on the host is gone is told, and one that is there is not', () => {
  const attachment = { network: 'app', ipv4: address.db, interface: 'eth0', hostInterface: 'veth2' };
  const container: ContainerPlace = { name: 'db', id: 'b', attachments: [attachment], publications: [] };
  const plain = caseOf({ verdict: 'unknown' });
  const among = (...links: LinkDetails[]): Case => ({
    ...plain,
    destination: { ...plain.destination, container },
    facts: { ...plain.facts, host: facts({ links }) },
  });
  assert.equal(codeOf(among(link(3, 'eth0'))), 'cable-missing');
  assert.notEqual(codeOf(among(link(3, 'veth2'))), 'cable-missing');
});

test('a locked port of a bridge is told by the bridge that drops', () => {
  const drop = sighting({
    reason: 'NOT_SPECIFIED',
    function: 'br_handle_frame_finish',
    device: { index: 4, name: 'veth1' },
  });
  const trace = caseOf({ drop });
  const on = (port: LinkDetails): Case => ({ ...trace, facts: { ...trace.facts, last: facts({ links: [port] }) } });
  assert.equal(codeOf(on({ ...link(4, 'veth1'), portLimits: ['locked on'] })), 'port-locked');
  assert.equal(codeOf(on(link(4, 'veth1'))), 'dropped');
});

test('a tunnel, which never asks for neighbours, is not told to', () => {
  const neighbor = { index: 2, state: 'noarp', mac: parseMacAddress('02:00:00:00:00:02') };
  const plain = caseOf({ verdict: 'unknown' });
  const by2 = (kind: string): Case => {
    const links: LinkDetails[] = [{ ...link(2, 'eth0'), kind, withoutArp: true }];
    return { ...plain, facts: { ...plain.facts, source: facts({ links, neighbor, onward: by(2) }) } };
  };
  assert.equal(codeOf(by2('veth')), 'arp-off');
  assert.notEqual(codeOf(by2('tun')), 'arp-off');
});

test('an address that somebody else has cannot be sent from', () => {
  const plain = caseOf({ verdict: 'dropped' }, { sendFailure: 'EINVAL' });
  const source = facts({ unusable: [{ address: address.web, state: 'dadfailed' }] });
  const { cause } = explainCause({ ...plain, facts: { ...plain.facts, source } });
  assert.match(cause?.text ?? '', /somebody else on the wire has that address/);
});

test('a neighbour entry is wrong where the host has the address, not where the LAN’s router has it', () => {
  const gateway = parseIpAddress('192.0.2.1');
  const neighbor = { index: 2, address: gateway, state: 'reachable', mac: parseMacAddress('02:00:00:00:00:02') };
  const plain = caseOf({ verdict: 'unknown' });
  const links = [{ ...link(2, 'eth0'), mac: parseMacAddress('02:00:00:00:00:01') }];
  const plainNetwork = { internal: false, open: true, subnets: [parsePrefix('192.0.2.0/24')] };
  const on = (driver: string, change: Partial<NamespaceFacts>): Case => ({
    ...plain,
    facts: { ...plain.facts, source: facts({ neighbor }), host: facts({ links, ...change }) },
    directory: {
      containers: [],
      networks: [{ name: 'lan', driver, interface: 'eth0', gateways: [gateway], ...plainNetwork }],
    },
  });
  const addresses = [parseInterfaceAddress('192.0.2.1/24')];
  assert.equal(codeOf(on('bridge', { addresses })), 'wrong-neighbor');
  assert.notEqual(codeOf(on('bridge', { addresses: [] })), 'wrong-neighbor');
  assert.notEqual(codeOf(on('macvlan', {})), 'wrong-neighbor');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInterfaceAddress, parseIpAddress, parsePrefix } from '@fairlead/base';
import type { SocketDetails } from '@fairlead/netlink/sockets';
import type { Case } from '../model/case.ts';
import type { ContainerPlace, Publication } from '../model/directory.ts';
import type { RouteFact } from '../model/facts.ts';
import { explainCause } from './knowledge-base.ts';
import { address, caseOf, codeOf, facts, firewallDrop, link, sighting } from './testing/sample-case.ts';

/** What is said has to be true of the case, and the commands of a fix have to do that and nothing else. */

const published = (change: Partial<Publication>): Publication => ({
  ...{ protocol: 'tcp', hostAddress: parseIpAddress('0.0.0.0') },
  ...{ hostPorts: { first: 80, last: 80 }, containerPorts: { first: 8080, last: 8080 } },
  ...change,
});
const dns = published({ protocol: 'udp', hostPorts: { first: 53, last: 53 }, containerPorts: { first: 53, last: 53 } });
const range = { hostPorts: { first: 79, last: 81 }, containerPorts: { first: 8079, last: 8081 } };
const db = (...publications: readonly Publication[]): ContainerPlace => ({
  ...{ name: 'db', id: 'b', namespace: 'db', publications },
  attachments: [{ network: 'app', ipv4: address.db, interface: 'eth0' }],
});

/** The ports in the body of a command that publishes. */
function portsIn(command: string | undefined): readonly string[] {
  return JSON.parse(/-d '(.*?)'/.exec(command ?? '')?.[1] ?? '{}').ports;
}

test('publishing a port on every address takes no other port away, nor a part of its range', () => {
  const loopbacks = ['127.0.0.1', '::1'].map((host) => published({ hostAddress: parseIpAddress(host), ...range }));
  const plain = caseOf({ verdict: 'refused', drop: sighting({ reason: 'NO_SOCKET', namespace: 3 }) });
  const { cause, fixes } = explainCause({
    ...plain,
    destination: { ...plain.destination, name: 'host', namespace: '', local: true },
    directory: { containers: [db(dns, ...loopbacks)], networks: [] },
  });
  assert.equal(cause?.code, 'published-elsewhere');
  assert.match(cause.text, /only on 127\.0\.0\.1 and ::1, not on 10\.9\.1\.3/);
  const [fix] = fixes;
  assert.deepEqual(portsIn(fix?.commands[0]), ['0.0.0.0:53:53/udp', '79-81:8079-8081']);
  const before = ['0.0.0.0:53:53/udp', '127.0.0.1:79-81:8079-8081', '[::1]:79-81:8079-8081'];
  assert.deepEqual(portsIn(fix?.undo[0]), before);
});

test('publishing a port keeps the protocol of what is published', () => {
  const rule = {
    family: 'inet',
    table: 'fairlead',
    chain: 'forward',
    owner: 'fairlead',
    kind: 'rule',
    text: 'drop comment "not published"',
    verdict: 'drop',
  } as const;
  const plain = caseOf({ drop: firewallDrop, rule });
  const { cause, fixes } = explainCause({
    ...plain,
    protocol: 'udp',
    destination: { ...plain.destination, container: db(dns, published(range)) },
  });
  assert.equal(cause?.code, 'not-published');
  assert.deepEqual(portsIn(fixes[0]?.commands[0]), ['0.0.0.0:53:53/udp', '0.0.0.0:79-81:8079-8081', '80:80/udp']);
});

test('a server is not said to listen elsewhere that listens where the packet was for', () => {
  const socket: SocketDetails = {
    ...{ state: 'listen', local: { address: address.db, port: 80 }, receiveQueue: 0, sendQueue: 9 },
    ...{ remote: { address: parseIpAddress('0.0.0.0'), port: 0 }, inode: 1, userId: 0, protocol: 'tcp' },
  };
  const plain = caseOf({ verdict: 'refused' });
  const at = (port: SocketDetails): Case => ({ ...plain, facts: { ...plain.facts, sockets: [port] } });
  assert.notEqual(codeOf(at(socket)), 'listens-on-other-address');
  const other = { ...socket, local: { address: parseIpAddress('10.9.1.9'), port: 80 } };
  assert.equal(codeOf(at(other)), 'listens-on-other-address');
});

test('a way back of IPv6 is taken away again as it is given', () => {
  const plain = caseOf({ verdict: 'unknown' }, { family: 6 });
  const there = facts({ place: 'db', inode: 3, onward: { errno: 'ENETUNREACH' } });
  const arrival = sighting({ event: 'received', namespace: 3 });
  const { cause, fixes } = explainCause({
    ...plain,
    observation: { ...plain.observation, sightings: [arrival] },
    facts: { ...plain.facts, destination: there },
  });
  assert.equal(cause?.code, 'no-way-back');
  assert.match(fixes[0]?.commands[0] ?? '', /ip -6 route add default via GATEWAY$/);
  assert.match(fixes[0]?.undo[0] ?? '', /ip -6 route del default$/);
});

const by = (outgoing: number): RouteFact => ({
  route: { type: 'unicast', destination: parsePrefix('0.0.0.0/0'), table: 254, outgoing },
});

test('an interface without a carrier is told where it is', () => {
  const plain = caseOf({ verdict: 'unknown' });
  const host = facts({ links: [{ ...link(4, 'eth9'), carrier: false }], onward: by(4) });
  const { cause } = explainCause({
    ...plain,
    destination: { ...plain.destination, container: db() },
    facts: { ...plain.facts, host, last: facts({ place: 'web', inode: 1, links: [link(2, 'eth0')], onward: by(2) }) },
    observation: { ...plain.observation, sightings: [sighting({ event: 'received' })] },
  });
  assert.equal(cause?.code, 'no-carrier');
  assert.match(cause.text, /^host sends it by eth9/);
});

test('a network without a gateway of the packet’s family has none that it should go by', () => {
  const neighbor = { index: 2, state: 'failed' } as const;
  const target = parseIpAddress('2001:db8::9');
  const network = {
    ...{ name: 'app', driver: 'bridge', internal: false, open: true, interface: 'br-app' },
    subnets: [parsePrefix('10.9.1.0/24')],
  };
  const plain = caseOf({ verdict: 'unknown' }, { family: 6 });
  const on = (gateway: string): Case => ({
    ...plain,
    source: { ...plain.source, container: { ...db(), name: 'web' } },
    destination: { ...plain.destination, address: target },
    facts: { ...plain.facts, source: facts({ inode: 1, links: [link(2, 'eth0')], neighbor, onward: by(2) }) },
    directory: { containers: [], networks: [{ ...network, gateways: [parseIpAddress(gateway)] }] },
  });
  assert.notEqual(codeOf(on('10.9.1.1')), 'wrong-next-hop');
  assert.equal(codeOf(on('fd00:9:1::1')), 'wrong-next-hop');
});

test('an address is given anew with the length that it had', () => {
  const own = parseIpAddress('fd00:9:1::3');
  const plain = caseOf({ verdict: 'unknown' });
  const addresses = [parseInterfaceAddress('fd00:9:1::3/80')];
  const unusable = [{ address: own, state: 'dadfailed' as const }];
  const { cause, fixes } = explainCause({
    ...plain,
    destination: { ...plain.destination, address: own, container: db() },
    facts: { ...plain.facts, destination: facts({ place: 'db', inode: 3, addresses, unusable }) },
  });
  assert.equal(cause?.code, 'address-unusable');
  assert.match(fixes[0]?.commands[0] ?? '', /ip addr del fd00:9:1::3\/80 dev/);
});

test('a port of a bridge gets back the state that it was in', () => {
  const host = facts({ links: [{ ...link(4, 'veth2'), portState: 'disabled' }] });
  const plain = caseOf({ drop: sighting({ reason: 'NOT_SPECIFIED', function: 'br_forward' }) });
  const container = db();
  const { cause, fixes } = explainCause({
    ...plain,
    destination: {
      ...plain.destination,
      container: { ...container, attachments: [{ network: 'app', ipv4: address.db, hostInterface: 'veth2' }] },
    },
    facts: { ...plain.facts, host },
  });
  assert.equal(cause?.code, 'port-blocked');
  assert.deepEqual(fixes[0]?.undo, ['bridge link set dev veth2 state disabled']);
});

test('echo requests that never arrived were not ignored', () => {
  const there = facts({ place: 'db', inode: 3, sysctls: { 'net.ipv4.icmp_echo_ignore_all': '1' } });
  const of = (namespace: number): Case => {
    const plain = caseOf({ drop: sighting({ reason: 'A_NEW_REASON', namespace }) }, { protocol: 'icmp' });
    return { ...plain, facts: { ...plain.facts, destination: there } };
  };
  assert.deepEqual([codeOf(of(2)), codeOf(of(3))], ['dropped', 'echo-ignored']);
});

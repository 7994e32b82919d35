import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseIpAddress, parseMacAddress, parsePortPolicy } from '@fairlead/base';
import {
  decodeMessages,
  decodeTables,
  type ElementObject,
  encodeElements,
  encodeTable,
  formatTable,
  joinMessages,
  type TableDefinition,
} from '@fairlead/netlink';
import { NftTranscript } from '@fairlead/netlink/transcript';
import { antispoofElements, antispoofTable } from './antispoof-table.ts';
import { dnsTables } from './dns-table.ts';
import { hostTable } from './host-table.ts';
import { type NetworkPolicy, networkElements } from './network-policy.ts';
import { admissionElements, type LimitedPorts, routedAdmissionElements } from './port-admission.ts';
import { type PortMapping, portMappingElements, relayElements, routedPortElements } from './port-mapping.ts';
import { relayTable } from './relay-table.ts';
import { meshElements } from './routing-mesh.ts';
import { segmentsTable } from './segments-table.ts';
import { serviceTable, virtualElements } from './service-table.ts';

/**
 * The golden files are what somebody who knows nft reads first. They are printed from the bytes that would be sent.
 * After a wanted change: `GOLDEN=write node --test packages/firewall/src/golden.test.ts`, and read the difference.
 */
function assertGolden(name: string, text: string): void {
  const path = new URL(`../testdata/${name}.nft`, import.meta.url);
  if (process.env['GOLDEN'] === 'write') writeFileSync(path, text);
  assert.equal(text, readFileSync(path, 'utf8'));
}

const host = hostTable({ protected: false });
const relay = relayTable({ protected: false });
const segments = segmentsTable({ protected: false });
const antispoof = antispoofTable({ protected: false });
const tables = [host, relay, segments, antispoof, serviceTable];

/** The nft commands for elements, by way of their bytes. */
function commands(elements: readonly ElementObject[]): string {
  const transcript = new NftTranscript();
  for (const { family, name, sets } of tables) for (const set of sets) transcript.learn(family, name, set);
  const requests = elements.flatMap((element) => {
    const table = tables.find(({ name }) => name === element.table);
    const set = table?.sets.find(({ name }) => name === element.set);
    assert.ok(table && set, `no set ${element.set} in ${element.table}`);
    return encodeElements({ table, set }, 'add', [element]);
  });
  return `${transcript.render(joinMessages(requests.map(({ message }) => message))).join('\n')}\n`;
}

function throughBytes(definition: TableDefinition): string {
  const messages = encodeTable(definition).flatMap(({ message }) => decodeMessages(message));
  return decodeTables(messages).map(formatTable).join('');
}

test('the host’s table', () => assertGolden('host', throughBytes(host)));
test('the table that leads to the relay', () => assertGolden('relay', throughBytes(relay)));
test('the table about further bridges', () => assertGolden('segments', throughBytes(segments)));
for (const [name, ingress, ports] of [
  ['sandbox', true, {}],
  ['sandbox6', true, { ipv6: { udpPort: 40055, tcpPort: 40056 } }],
  ['sandbox6-without-ingress', false, { ipv6: { udpPort: 40055, tcpPort: 40056 } }],
] as const) {
  const definitions = dnsTables({ udpPort: 40053, tcpPort: 40054, ...ports }, { ingress });
  test(`the tables of a ${name}`, () => assertGolden(name, definitions.map(throughBytes).join('')));
}

test('the table of a sandbox that has services to ask', () =>
  assertGolden('sandbox-services', throughBytes(serviceTable)));

const ip = parseIpAddress;
const policy: NetworkPolicy = { bridge: 'br-0a1b2c3d4e5f', internal: false, masquerade: { ipv4: true, ipv6: true } };
const policies: Readonly<Record<string, NetworkPolicy>> = {
  'network-nat': policy,
  'network-internal': {
    ...policy,
    internal: true,
    mode: { ipv4: 'nat-unprotected' },
    source: { ipv4: ip('192.0.2.9') },
  },
  'network-without-communication': { ...policy, icc: false },
  'network-of-two-bridges': { ...policy, segments: ['b1-0a1b2c3d4e5f'], icc: false },
  'network-routed': { ...policy, mode: { ipv4: 'routed', ipv6: 'routed' } },
  'network-unprotected': { ...policy, mode: { ipv4: 'nat-unprotected', ipv6: 'nat-unprotected' } },
  'network-without-masquerade': { ...policy, masquerade: { ipv4: false, ipv6: true } },
  'network-source': {
    ...policy,
    source: { ipv4: ip('192.0.2.9'), ipv6: ip('2001:db8::9') },
    trustedInterfaces: ['eth1'],
  },
};
for (const [name, each] of Object.entries(policies))
  test(`elements of a ${name}`, () => assertGolden(name, commands(networkElements(each))));

const mapping: PortMapping = {
  protocol: 'tcp',
  hostAddress: ip('0.0.0.0'),
  hostPorts: { first: 8080, last: 8080 },
  containerAddress: ip('172.17.0.2'),
  containerPorts: { first: 80, last: 80 },
};
const range = { hostPorts: { first: 8000, last: 8999 }, containerPorts: { first: 8000, last: 8999 } };
const mappings: Readonly<Record<string, PortMapping>> = {
  'port-single': mapping,
  'port-ipv6': { ...mapping, hostAddress: ip('::'), containerAddress: ip('fd00::2') },
  'port-one-address': { ...mapping, hostAddress: ip('192.0.2.1'), protocol: 'udp' },
  'port-loopback': { ...mapping, hostAddress: ip('127.0.0.1') },
  'port-range': { ...mapping, ...range, protocol: 'sctp' },
  'port-range-one-address': { ...mapping, ...range, hostAddress: ip('2001:db8::1'), containerAddress: ip('fd00::2') },
  'port-range-shifted': { ...mapping, hostPorts: { first: 7000, last: 7003 }, containerPorts: { first: 80, last: 83 } },
};
for (const [name, each] of Object.entries(mappings))
  test(`elements of a ${name}`, () => assertGolden(name, commands(portMappingElements(each))));

test('elements of ports on a routed network', () => {
  const port = { protocol: 'tcp', containerPorts: { first: 80, last: 89 } } as const;
  const elements = [ip('172.17.0.2'), ip('fd00::2')].flatMap((containerAddress) =>
    routedPortElements({ ...port, containerAddress }),
  );
  assertGolden('port-routed', commands(elements));
});

test('elements of relayed ports: one for each range, none for IPv4 and SCTP', () => {
  const relayed = { ...mapping, hostAddress: ip('::') };
  const elements = [
    relayed,
    { ...relayed, ...range, protocol: 'udp' },
    { ...relayed, hostAddress: ip('2001:db8::1') },
    { ...relayed, ...range, hostAddress: ip('2001:db8::1') },
    mapping,
    { ...relayed, protocol: 'sctp' },
  ] satisfies PortMapping[];
  assertGolden('port-relayed', commands(elements.flatMap(relayElements)));
});

const limited: LimitedPorts = {
  protocol: 'tcp',
  address: ip('0.0.0.0'),
  ports: { first: 8080, last: 8080 },
  policy: parsePortPolicy('10.0.0.0/8,10.1.0.0/16,192.0.2.9,2001:db8::/32', undefined),
};
const byInterface = { ...limited, policy: parsePortPolicy(undefined, 'eth0,wg0') };

test('elements of a port for some askers only: no source of the other family, and none that another one covers', () => {
  const elements = [
    ...admissionElements(limited),
    ...portMappingElements({ ...mapping, limited: true }),
    ...admissionElements({ ...limited, address: ip('2001:db8::1'), ports: range.hostPorts }),
    ...portMappingElements({
      ...mapping,
      ...range,
      hostAddress: ip('2001:db8::1'),
      containerAddress: ip('fd00::2'),
      limited: true,
    }),
    ...admissionElements({ ...byInterface, address: ip('::') }),
    ...admissionElements({ ...limited, policy: parsePortPolicy('10.0.0.0/8', 'eth0'), address: ip('192.0.2.1') }),
  ];
  assertGolden('port-limited', commands(elements));
});

test('elements of a port on a routed network for some askers only', () => {
  const elements = [limited, byInterface].flatMap((each) =>
    routedAdmissionElements({ ...each, address: ip('172.17.0.2'), ports: { first: 80, last: 89 } }),
  );
  assertGolden('port-routed-limited', commands(elements));
});

test('the table that holds senders to their own addresses', () => assertGolden('antispoof', throughBytes(antispoof)));

test('elements of a port that is held to the addresses of its container', () => {
  const addresses = [ip('172.17.0.2'), ip('fd00::2'), ip('fe80::42:acff:fe11:2')];
  const port = { interface: 'veth0123456789a', mac: parseMacAddress('02:42:ac:11:00:02'), addresses };
  assertGolden('antispoof-port', commands(antispoofElements(port)));
});

test('a port for nobody needs no asker, and is closed all the same', () => {
  const closed = { ...limited, policy: parsePortPolicy('', undefined) };
  assert.deepEqual(
    admissionElements(closed).map(({ set }) => set),
    ['limited4'],
  );
  assert.deepEqual(routedAdmissionElements(closed), []);
});

test('a mapping between families or between ranges of different length is refused', () => {
  assert.throws(() => portMappingElements({ ...mapping, containerAddress: ip('fd00::2') }), {
    code: 'invalid-argument',
  });
  assert.throws(() => portMappingElements({ ...mapping, containerPorts: { first: 80, last: 81 } }), {
    message: 'invalid ranges specified for container and host Ports: 80-81 and 8080',
  });
});

test('only internal networks are internal, and their other settings do not matter', () => {
  const names = (each: NetworkPolicy) => networkElements(each).map(({ table, set }) => `${table} ${set}`);
  assert.deepEqual(names({ ...policy, internal: true, mode: { ipv4: 'routed', ipv6: 'nat' } }), [
    'fairlead bridges',
    'fairlead same_bridge',
    'fairlead internal',
    'fairlead-relay unrelayed',
  ]);
  assert.ok(!names(policy).some((name) => name.endsWith(' internal')));
});

test('elements of a port of a service', () => {
  const backends = ['172.18.0.2', '172.18.0.3', '172.18.0.4', 'fd00::2'].map((text) => ({
    address: ip(text),
    port: 80,
  }));
  assertGolden('port-balanced', commands(meshElements({ protocol: 'tcp', port: 8080, backends })));
});

test('elements of a virtual address', () => {
  const backends = ['10.0.1.3', '10.0.1.4', 'fd00::3'].map(ip);
  const elements = [ip('10.0.1.2'), ip('fd00::2')].flatMap((address) => virtualElements('', address, backends));
  assertGolden('service-virtual', commands(elements));
});

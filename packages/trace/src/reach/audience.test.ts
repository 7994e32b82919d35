import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress, parsePortPolicy } from '@fairlead/base';
import { audienceText, type PublishedPort, probeFor } from './audience.ts';

const ip = parseIpAddress;
const open: PublishedPort = {
  protocol: 'tcp',
  hostAddress: ip('0.0.0.0'),
  hostPorts: { first: 8080, last: 8080 },
  containerPorts: { first: 80, last: 80 },
};
const six = { ...open, hostAddress: ip('::') };
const uplink = { name: 'eth0', address: ip('192.0.2.2'), gateway: ip('192.0.2.1') };
const uplink6 = { name: 'eth0', address: ip('2001:db8::2'), gateway: ip('2001:db8::1') };
const only = (sources: string | undefined, interfaces?: string) => ({ policy: parsePortPolicy(sources, interfaces) });

const cases: readonly (readonly [PublishedPort, typeof uplink | undefined, who: string, probe: string])[] = [
  [open, uplink, 'anyone', 'outside → 192.0.2.2:8080'],
  [six, uplink6, 'anyone', 'outside → [2001:db8::2]:8080'],
  [{ ...open, hostAddress: ip('192.0.2.9') }, uplink, 'anyone', 'outside → 192.0.2.9:8080'],
  [{ ...open, hostAddress: ip('127.0.0.1') }, uplink, 'this host', 'nobody else is meant to'],
  [{ ...open, hostAddress: ip('::1') }, uplink, 'this host', 'nobody else is meant to'],
  [{ ...open, ...only('') }, uplink, 'this host', 'nobody else is meant to'],
  [{ ...six, ...only('10.0.0.0/8') }, uplink6, 'this host', 'nobody else is meant to'],
  [
    { ...open, ...only('192.0.2.0/24,10.0.0.0/8') },
    uplink,
    'only 192.0.2.0/24, 10.0.0.0/8',
    'outside → 192.0.2.2:8080',
  ],
  [{ ...open, ...only('10.0.0.0/8') }, uplink, 'only 10.0.0.0/8', '10.0.0.1 → 192.0.2.2:8080'],
  [
    { ...open, ...only('10.0.0.9', 'eth0,wg0') },
    uplink,
    'only 10.0.0.9/32, by eth0 or wg0',
    '10.0.0.9 → 192.0.2.2:8080',
  ],
  [{ ...open, ...only(undefined, 'wg0') }, uplink, 'only by wg0', 'packets are tried by eth0 only'],
  [{ ...open, protocol: 'udp' }, uplink, 'anyone', 'a program would take a packet of udp for a question'],
  [open, undefined, 'anyone', 'this host has no default route'],
];
for (const [port, way, who, wanted] of cases) {
  test(`${port.protocol} ${port.hostAddress} ${JSON.stringify(port.policy ?? {})}: ${who}, ${wanted}`, () => {
    assert.equal(audienceText(port), who);
    const probe = probeFor(port, way);
    assert.equal(typeof probe === 'string' ? probe : `${probe.from} → ${probe.to}`, wanted);
  });
}

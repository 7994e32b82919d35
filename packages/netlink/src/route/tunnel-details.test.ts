import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter, ipToBytes, parseIpAddress } from '@fairlead/base';
import { Attributes, AttributeWriter } from '../attribute.ts';
import type { LinkDetails } from './link-details.ts';
import { isTunnel, tunnelDetails } from './tunnel-details.ts';

const here = parseIpAddress('192.0.2.2');
const there = parseIpAddress('192.0.2.1');
const there6 = parseIpAddress('2001:db8::1');

function link(kind: string, fill: (writer: AttributeWriter) => void): LinkDetails {
  const bytes = new ByteWriter();
  fill(new AttributeWriter(bytes));
  const data = new Attributes(bytes.finish());
  return { index: 4, name: 'tunnel', up: true, mtu: 1450, operationalState: 'unknown', kind, data };
}

test('a tunnel tells where it leads', () => {
  const vxlan = link('vxlan', (writer) =>
    writer.u32(1, 5).bytes(4, ipToBytes(here)).bytes(2, ipToBytes(there)).u16be(15, 4789),
  );
  assert.deepEqual(tunnelDetails(vxlan), { id: 5, local: here, remote: there, port: 4789 });
  const geneve = link('geneve', (writer) => writer.u32(1, 7).bytes(7, ipToBytes(there6)).u16be(5, 6081));
  assert.deepEqual(tunnelDetails(geneve), { id: 7, remote: there6, port: 6081 });
  const gre = link('gre', (writer) => writer.bytes(6, new Uint8Array(4)).bytes(7, ipToBytes(there)));
  assert.deepEqual(tunnelDetails(gre), { remote: there });
});

test('a tunnel whose table says where packets go tells no far end', () => {
  assert.deepEqual(tunnelDetails(link('vxlan', (writer) => writer.u32(1, 5))), { id: 5 });
  assert.deepEqual(tunnelDetails(link('wireguard', () => undefined)), {});
});

test('other links are no tunnels', () => {
  assert.equal(tunnelDetails(link('bridge', () => undefined)), undefined);
  assert.ok(isTunnel('sit') && !isTunnel('veth') && !isTunnel(undefined));
});

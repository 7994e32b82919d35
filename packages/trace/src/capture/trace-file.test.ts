import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import type { Sighting } from '../model/hops.ts';
import type { Hop } from '../model/report.ts';
import { readPacketHeader } from '../packet/packet-header.ts';
import { probePacket } from '../packet/probe-packet.ts';
import { PcapngReader } from './pcapng-reader.ts';
import { traceFile } from './trace-file.ts';

const directory = { containers: [], networks: [] };

function seen(text: string, event: Hop['event'], time: bigint): Sighting {
  const address = parseIpAddress(text);
  const ends = { source: address, destination: address, sourcePort: 4000, destinationPort: 80 };
  const packet = probePacket({ protocol: 'tcp', ...ends, tag: 7 });
  const bytes = new Uint8Array(128);
  bytes.set(packet);
  const header = readPacketHeader(packet) ?? assert.fail();
  return { role: 'request', event, time, packetAddress: 1n, namespace: 1, header, bytes };
}

const hop: Hop = {
  role: 'request',
  place: 'host',
  namespace: 1,
  device: 'br-app',
  event: 'dropped',
  microseconds: 0,
  packet: { source: '10.9.1.2:4000', destination: '10.9.1.3:80', lifetime: 64 },
  rewrites: [{ field: 'destination', from: '192.0.2.2:8080', to: '10.9.1.3:80' }],
  rules: [
    {
      kind: 'policy',
      family: 'ip',
      table: 'filter',
      chain: 'FORWARD',
      owner: 'iptables',
      text: 'policy drop',
      verdict: 'drop',
    },
  ],
  reason: 'NETFILTER_DROP',
  function: 'nft_do_chain',
};

test('each packet has its place, its own length and what happened to it; what was only told from rules is left out', () => {
  const { bytes: _, ...told } = seen('10.9.1.2', 'received', 5n);
  const sightings = [seen('10.9.1.2', 'sent', 1n), seen('fd00::2', 'dropped', 3n), told];
  const sent: Hop = { ...hop, place: 'web', device: 'eth0', event: 'sent', rewrites: [], rules: [] };
  const file = traceFile({ sightings, hops: [sent, hop, hop], directory, clockOffset: 100n });
  const packets = new PcapngReader().read(file);
  assert.deepEqual(
    packets.map(({ packet, ...rest }) => ({ ...rest, family: readPacketHeader(packet)?.family })),
    [
      { interface: 'web:eth0', time: 101n, length: 40, direction: 'out', family: 4 },
      { interface: 'host:br-app', time: 103n, length: 60, family: 6 },
    ],
  );
  const text = Buffer.from(file).toString('utf8');
  assert.ok(text.includes('hop 2, request, host br-app: dropped, NETFILTER_DROP in nft_do_chain; '));
  assert.ok(text.includes('destination: 192.0.2.2:8080 ⇒ 10.9.1.3:80; iptables: ip filter FORWARD policy drop'));
});

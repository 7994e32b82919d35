import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipToBytes, parseIpAddress } from '@fairlead/base';
import { readNeighborPacket } from './neighbor-packet.ts';

const [web, db] = [parseIpAddress('10.9.1.2'), parseIpAddress('10.9.1.3')];

function arp(operation: number, sender: Uint8Array, target: Uint8Array): Uint8Array {
  const mac = new Uint8Array(6);
  return Uint8Array.from([0, 1, 8, 0, 6, 4, 0, operation, ...mac, ...sender, ...mac, ...target]);
}

test('a question of ARP is about its target, an answer about its sender', () => {
  const [asker, owner] = [ipToBytes(web), ipToBytes(db)];
  assert.deepEqual(readNeighborPacket(arp(1, asker, owner)), { family: 4, kind: 'question', target: db });
  assert.deepEqual(readNeighborPacket(arp(2, owner, asker)), { family: 4, kind: 'answer', target: db });
});

function discovery(type: number, protocol = 58): Uint8Array {
  const bytes = new Uint8Array(72);
  bytes[0] = 0x60;
  bytes[6] = protocol;
  bytes[40] = type;
  bytes.set(ipToBytes(parseIpAddress('fd00::3')), 48);
  return bytes;
}

test('neighbour discovery is told from other ICMPv6', () => {
  const target = parseIpAddress('fd00::3');
  assert.deepEqual(readNeighborPacket(discovery(135)), { family: 6, kind: 'question', target });
  assert.deepEqual(readNeighborPacket(discovery(136)), { family: 6, kind: 'answer', target });
  assert.equal(readNeighborPacket(discovery(128)), undefined);
  assert.equal(readNeighborPacket(discovery(135, 6)), undefined);
  assert.equal(readNeighborPacket(new Uint8Array(72)), undefined);
});

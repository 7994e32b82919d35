import assert from 'node:assert/strict';
import { test } from 'node:test';
import { internetChecksum, parseIpAddress, parseMacAddress } from '@fairlead/base';
import { readNeighborPacket } from './neighbor-packet.ts';
import { ETHERNET, questionFrame } from './neighbor-question.ts';

const mac = parseMacAddress('02:00:00:00:00:07');

test('a question of ARP goes to everybody, and is read as one', () => {
  const [source, target] = [parseIpAddress('10.9.1.2'), parseIpAddress('10.9.1.3')];
  const frame = questionFrame({ mac, source, target });
  assert.equal(Buffer.from(frame.subarray(0, ETHERNET)).toString('hex'), 'ffffffffffff0200000000070806');
  assert.deepEqual(readNeighborPacket(frame.subarray(ETHERNET)), { family: 4, kind: 'question', target });
});

test('a question of neighbour discovery goes to the group of its target, with a sum that is right', () => {
  const [source, target] = [parseIpAddress('fd00:9:1::2'), parseIpAddress('fd00:9:1::12:3456')];
  const frame = questionFrame({ mac, source, target });
  assert.equal(Buffer.from(frame.subarray(0, ETHERNET)).toString('hex'), '3333ff12345602000000000786dd');
  const packet = frame.subarray(ETHERNET);
  assert.deepEqual(readNeighborPacket(packet), { family: 6, kind: 'question', target });
  const pseudo = Buffer.concat([packet.subarray(8, 40), Uint8Array.of(0, 0, 0, 32, 0, 0, 0, 58)]);
  assert.equal(internetChecksum([pseudo, packet.subarray(40)]), 0);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress, parseMacAddress } from '@fairlead/base';
import { contestClaim, contestTexts } from './contest.ts';

test('who uses an address of a container is spoken of for an hour, with what came of it', () => {
  const at = Date.UTC(2026, 10, 22, 1, 2, 3, 4);
  const mac = parseMacAddress('52:54:00:00:00:09');
  const ipv4 = { address: parseIpAddress('192.0.2.9'), mac, at, outcome: 'defended' } as const;
  const ipv6 = { ...ipv4, address: parseIpAddress('2001:db8::9'), at: at + 1000, outcome: 'given-up' } as const;
  const texts = (later: number) => contestTexts({ ownerName: 'web', contests: { ipv4, ipv6 } }, at + later);
  const seen = (address: string, time: string) =>
    `Another machine (52:54:00:00:00:09) of the LAN used ${address}, the address of web, at 2026-11-22T01:02:${time}Z`;
  const givenUp = 'it did not give way, so the container has given the address up and asked for another one.';
  assert.deepEqual(texts(2000), [
    `${seen('192.0.2.9', '03')}: it was told whose the address is.`,
    `${seen('2001:db8::9', '04')}: ${givenUp}`,
  ]);
  assert.deepEqual([texts(3_600_001).length, texts(3_601_001).length], [1, 0]);
  assert.deepEqual(contestTexts({ ownerName: 'web' }), []);
});

test('the journal tells which machine, what it does, what comes of it and what can be done', () => {
  const conflict = { address: parseIpAddress('192.0.2.9'), mac: parseMacAddress('52:54:00:00:00:09') };
  const told = (['declined', 'defended', 'given-up'] as const).map((outcome) => {
    const { machine, name, details } = contestClaim(conflict, outcome, { container: 'web', network: 'lan' });
    assert.deepEqual([machine, details.length], [conflict.mac, 2]);
    return [name, details[0]];
  });
  const uses = 'uses 192.0.2.9, the address of web on network lan';
  assert.deepEqual(told, [
    [
      'has 192.0.2.9, which was given to web on network lan',
      'the address is declined at its server, and another one is asked for',
    ],
    [uses, 'it is told whose the address is'],
    [uses, 'it does not give way: the container gives the address up, and another one is asked for'],
  ]);
});

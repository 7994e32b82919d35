import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packetText } from './packet-text.ts';

const time = BigInt(new Date(2026, 0, 2, 10, 31, 9, 45).getTime()) * 1_000_000n + 6000n;
const base = { interface: 'web:eth0', time, length: 74 };

/** IPv4 and TCP of 10.9.1.2:4000 → 10.9.1.3:80 with SYN. */
const syn = Buffer.from('4500002800000000400600000a0901020a0901030fa0005000000000000000005002000000000000', 'hex');

const cases: [name: string, packet: Parameters<typeof packetText>[0], text: string][] = [
  [
    'TCP with its flags',
    { ...base, packet: syn, direction: 'out' },
    'web:eth0 out 10.9.1.2:4000 → 10.9.1.3:80 tcp SYN  74 bytes',
  ],
  ['what is not IP', { ...base, packet: new Uint8Array(28), direction: 'in' }, 'web:eth0 in  not IP  74 bytes'],
];

for (const [name, packet, text] of cases) {
  test(`${name} is one line`, () => assert.equal(packetText(packet), `10:31:09.045006  ${text}`));
}

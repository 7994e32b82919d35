import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import type { FlowReport } from '@fairlead/trace';
import { flowText } from './flow-text.ts';

const time = new Date(2026, 0, 2, 10, 31, 9).getTime();
const web = parseIpAddress('10.9.1.2');
const db = parseIpAddress('fd00:9::3');
const flow: FlowReport = {
  id: 1,
  time,
  protocol: 'tcp',
  from: { kind: 'container', name: 'web', address: web, port: 40_000 },
  to: { kind: 'container', name: 'db', address: db, port: 5432 },
  networks: ['app'],
  verdict: 'closed',
};
const remote = { kind: 'outside', address: db, port: 443 } as const;

const cases: [change: Partial<FlowReport>, text: string][] = [
  [{}, 'web:40000 → db:5432 tcp  closed'],
  [{ midway: true, verdict: 'established' }, 'web:40000 – db:5432 tcp  established'],
  [
    { duration: 2100, sent: { packets: 4, bytes: 12_000 }, received: { packets: 9, bytes: 1_400_000 } },
    'web:40000 → db:5432 tcp  2.1 s  ↑ 12kB ↓ 1.4MB  closed',
  ],
  [{ duration: 12 }, 'web:40000 → db:5432 tcp  12 ms  closed'],
  [{ duration: 200_400 }, 'web:40000 → db:5432 tcp  3m20s  closed'],
  [
    { from: remote, asked: { address: web, port: 8080 }, verdict: 'refused' },
    'outside ([fd00:9::3]:443) → db:5432 (asked for 10.9.1.2:8080) tcp  refused',
  ],
  [
    { to: remote, seenAs: { address: parseIpAddress('192.0.2.2'), port: 40_000 } },
    'web:40000 (as 192.0.2.2:40000) → outside ([fd00:9::3]:443) tcp  closed',
  ],
  [
    { to: { kind: 'gateway', name: 'app', address: web }, protocol: 'icmp', verdict: 'answered' },
    'web:40000 → gateway of app icmp  answered',
  ],
  [
    { verdict: 'dropped', reason: 'NETFILTER_DROP in host', to: { kind: 'host', address: web, port: 22 } },
    'web:40000 → host:22 tcp  dropped: NETFILTER_DROP in host',
  ],
];

for (const [change, text] of cases) {
  test(`a flow is told so: ${text}`, () => {
    assert.equal(flowText({ ...flow, ...change }), `10:31:09  ${text}`);
  });
}

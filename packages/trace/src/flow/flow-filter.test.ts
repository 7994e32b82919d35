import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { type FlowFilter, matchesFlowFilter } from './flow-filter.ts';
import type { FlowReport } from './flow-report.ts';

const flow: FlowReport = {
  id: 1,
  time: 1000,
  protocol: 'tcp',
  from: { kind: 'gateway', name: 'other', address: parseIpAddress('10.9.2.1'), port: 4000 },
  to: { kind: 'container', name: 'db', address: parseIpAddress('10.9.1.3'), port: 80 },
  asked: { address: parseIpAddress('192.0.2.2'), port: 8080 },
  networks: ['app', 'other'],
  duration: 500,
  verdict: 'closed',
};
const unfinished: Partial<FlowReport> = { verdict: 'established' };

const cases: [name: string, filter: FlowFilter, flow: Partial<FlowReport>, matches: boolean][] = [
  ['everything', {}, {}, true],
  ['one end', { container: 'db' }, {}, true],
  ['a gateway is no container', { container: 'other' }, {}, false],
  ['somebody else', { container: 'web' }, {}, false],
  ['a network of either end', { network: 'other' }, {}, true],
  ['another network', { network: 'inner' }, {}, false],
  ['the port of the container', { port: 80 }, {}, true],
  ['the published port', { port: 8080 }, {}, true],
  ['not the port of the asker', { port: 4000 }, {}, false],
  ['one that ended since', { since: 1400 }, {}, true],
  ['one that ended before', { since: 1600 }, {}, false],
  ['one that has not ended', { since: 9000 }, unfinished, true],
  ['no network of ours', {}, { networks: [] }, false],
  ['no network of ours, when all are asked for', { all: true }, { networks: [] }, true],
];

for (const [name, filter, change, matches] of cases) {
  test(`the filter ${JSON.stringify(filter)} ${matches ? 'lets through' : 'keeps back'}: ${name}`, () => {
    const { duration: _, ...open } = flow;
    const changed = change === unfinished ? { ...open, ...change } : { ...flow, ...change };
    assert.equal(matchesFlowFilter(filter, changed), matches);
  });
}

test('what is said to many is only told when all is asked for', () => {
  for (const address of ['224.0.0.22', '239.1.2.3', 'ff02::16', '255.255.255.255'].map(parseIpAddress)) {
    const many = { ...flow, to: { kind: 'outside', address } as const };
    assert.equal(matchesFlowFilter({}, many), false);
    assert.equal(matchesFlowFilter({ all: true }, many), true);
  }
});

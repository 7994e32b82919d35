import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { caseOf, sighting } from '../cause/testing/sample-case.ts';
import { backendOf } from './balanced.ts';
import type { RuleStep } from './report.ts';

const step: RuleStep = {
  ...{ family: 'inet', table: 'fairlead_services', chain: 'asked', owner: 'fairlead', kind: 'rule', verdict: 'accept' },
  text: 'dnat ip to ip daddr . meta random map @virtual4',
};

test('what was for a service is at the container that it was given to, and at the port there', () => {
  const db = {
    ...{ name: 'db', id: 'db-id', publications: [] },
    attachments: [{ network: 'app', ipv4: parseIpAddress('10.9.1.3') }],
  };
  const observed = (...steps: RuleStep[]) => ({
    ...caseOf({}).observation,
    sightings: [sighting({ event: 'sent' }), sighting({ role: 'answer', event: 'sent' })],
    passes: [{ namespace: 1, role: 'request' as const, steps }],
  });
  const found = backendOf(observed(step), { containers: [db], networks: [] });
  assert.deepEqual(found, { container: db, address: '10.9.1.3', port: 80 });
  assert.equal(backendOf(observed(step), { containers: [], networks: [] }), undefined);
  assert.equal(backendOf(observed(), { containers: [db], networks: [] }), undefined, 'it was sent there');
});

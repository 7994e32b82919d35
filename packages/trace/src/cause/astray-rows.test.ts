import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import type { RuleStep } from '../model/report.ts';
import { isAstray, takerOf } from './astray-rows.ts';
import { caseOf, facts, sighting } from './testing/sample-case.ts';

/** What web sent to 10.9.1.9 was answered by web itself. */
function takenAtHome(...steps: RuleStep[]) {
  const plain = caseOf({ verdict: 'delivered' });
  const address = parseIpAddress('10.9.1.9');
  const answer = sighting({ role: 'answer', event: 'sent', namespace: 1 });
  const container = { name: 'web', id: 'web-id', attachments: [], publications: [] };
  return {
    ...plain,
    source: { ...plain.source, container },
    destination: { ...plain.destination, name: 'outside', address },
    observation: {
      ...plain.observation,
      sightings: [answer],
      passes: [{ namespace: 1, role: 'request' as const, steps }],
    },
    facts: { ...plain.facts, source: facts({ place: 'web', inode: 1, addresses: [] }) },
  };
}

const balanced: RuleStep = {
  ...{ family: 'inet', table: 'fairlead_services', chain: 'asked', owner: 'fairlead', kind: 'rule', verdict: 'accept' },
  text: 'dnat ip to ip daddr . meta random map @virtual4',
};

test('who takes what is for somebody else has led it astray, but not who is one of a service', () => {
  const plain = takenAtHome();
  assert.equal(takerOf(plain), 1);
  assert.equal(isAstray(plain), true);
  assert.equal(isAstray(takenAtHome(balanced)), false);
  assert.equal(isAstray(takenAtHome({ ...balanced, owner: 'somebody else', table: 'mine' })), true);
  assert.equal(isAstray(takenAtHome({ ...balanced, kind: 'policy', text: 'policy accept' })), true);
});

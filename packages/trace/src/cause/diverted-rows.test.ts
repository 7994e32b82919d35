import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkDetails } from '@fairlead/netlink';
import type { NamespaceFacts } from '../model/facts.ts';
import type { Sighting } from '../model/hops.ts';
import { explainCause } from './knowledge-base.ts';
import { caseOf, codeOf, facts, firewallDrop, link, sighting } from './testing/sample-case.ts';

/** What stops a packet on its way or at its end, told from what the kernel says of it. */

test('who is stopped by signatures, by queues and by what others have written is told from the reason', () => {
  const told = (reason: string, change: Partial<Sighting> = {}) =>
    codeOf(caseOf({ drop: sighting({ reason, ...change }) }));
  assert.equal(told('TCP_AONOTFOUND', { namespace: 3 }), 'server-wants-more');
  assert.equal(told('TCP_MD5UNEXPECTED', { namespace: 3 }), 'server-wants-more');
  assert.equal(told('NOT_SPECIFIED', { function: 'nf_queue' }), 'queue-unheard');
  assert.equal(told('UDP_CSUM'), 'checksum-wrong');
});

/** Came in by a cable, and ended as somebody else's on another interface of the host. */
function jump(change: Partial<LinkDetails>): string | undefined {
  const drop = sighting({ reason: 'OTHERHOST', device: { index: 5, name: 'x' }, time: 2n });
  const received = sighting({ event: 'received', device: { index: 4, name: 'veth1' } });
  const links = [
    { ...link(4, 'veth1'), masterIndex: 9 },
    { ...link(5, 'x'), ...change },
  ];
  const plain = caseOf({ drop });
  return codeOf({
    ...plain,
    observation: { ...plain.observation, sightings: [received, drop] },
    facts: { ...plain.facts, last: facts({ links }) },
  });
}

test('what went to an interface that nothing leads to was sent there; between ports of a bridge it was not', () => {
  assert.equal(jump({}), 'sent-aside');
  assert.equal(jump({ masterIndex: 9 }), 'dropped');
  assert.equal(jump({ masterIndex: 4 }), 'dropped');
});

test('a way of the main table that no rule asks for, or that a rule refuses before, is told', () => {
  const drop = sighting({ reason: 'IP_INNOROUTES', function: 'ip_error' });
  const told = (policy: NonNullable<NamespaceFacts['policy']>) => {
    const plain = caseOf({ drop });
    const last = facts({ onward: { errno: 'ENETUNREACH' }, policy });
    return explainCause({ ...plain, facts: { ...plain.facts, last } });
  };
  const unasked = told({ mainHasWay: true, asksMain: false, refusing: [] });
  assert.match(unasked.cause?.text ?? '', /no rule of policy routing asks that table/);
  assert.deepEqual(unasked.fixes[0]?.commands, ['ip rule add pref 32766 lookup main']);
  const refusing = [{ priority: 9, action: 'unreachable', table: 0 }] as const;
  assert.match(told({ mainHasWay: true, asksMain: true, refusing }).cause?.text ?? '', /preference 9: unreachable/);
  assert.match(told({ mainHasWay: false, asksMain: true, refusing }).cause?.text ?? '', /^host has no route to/);
});

test('a rule that cannot be typed again is put back with its table', () => {
  const rule = (text: string, owner: string) =>
    ({
      kind: 'rule',
      family: 'ip',
      table: 'filter',
      chain: 'FORWARD',
      handle: '3',
      text,
      owner,
      verdict: 'drop',
    }) as const;
  const fixOf = (text: string, owner: string) =>
    explainCause(caseOf({ drop: firewallDrop, rule: rule(text, owner) })).fixes[1];
  assert.deepEqual(fixOf('tcp dport 80 drop', 'somebody else')?.undo, [
    'nft add rule ip filter FORWARD tcp dport 80 drop',
  ]);
  assert.match(fixOf('xt match "owner" drop', 'iptables')?.undo[0] ?? '', /^iptables-nft-restore </);
  assert.match(fixOf('[osf] drop', 'somebody else')?.undo[1] ?? '', /^nft -f filter-ip.nft$/);
});

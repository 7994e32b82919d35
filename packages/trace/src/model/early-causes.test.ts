import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import type { LinkDetails } from '@fairlead/netlink';
import { address, facts, link } from '../cause/testing/sample-case.ts';
import type { ContainerPlace, Directory } from './directory.ts';
import { describeNameFailure } from './name-failure.ts';
import { describeUnsendable } from './unsendable.ts';

/** What is said of a packet that was never sent has to be true as well. */

const attachments = [{ network: 'app', ipv4: address.web, interface: 'eth0' }];
const web: ContainerPlace = {
  name: 'web',
  id: `db${'0'.repeat(62)}`,
  namespace: 'fl-web',
  attachments,
  publications: [],
};
const source = { name: 'web', namespace: 'fl-web', container: web, arrival: false };
const directory: Directory = { containers: [web], networks: [] };

test('an interface that is down for ever is no reason; that of a network is', () => {
  const causeWith = (...links: LinkDetails[]) =>
    describeUnsendable({
      ...{ source, directory, family: 4, destination: parseIpAddress('198.51.100.1') },
      facts: facts({ place: 'web', links, onward: { errno: 'ENETUNREACH' } }),
    }).cause?.code;
  const tunnel = { ...link(2, 'tunl0'), kind: 'ipip', up: false };
  assert.equal(causeWith(tunnel, link(3, 'eth0')), 'no-source-route');
  assert.equal(causeWith(tunnel, { ...link(3, 'eth0'), up: false }), 'interface-down');
  assert.equal(causeWith(tunnel, { ...link(3, 'renamed'), kind: 'veth', up: false }), 'interface-down');
});

test('a host that is called as the id of a container begins is not that container', () => {
  const causeOf = (target: string) => {
    const step = { name: target, source: 'dns', addresses: [], failure: 'NXDOMAIN: there is no such name' } as const;
    const asked = { isLoopbackUp: true, chains: [] };
    const asleep: ContainerPlace = { name: 'asleep', id: web.id, attachments: [], publications: [] };
    return describeNameFailure(target, step, { source, directory: { containers: [asleep], networks: [] }, asked }).cause
      ?.code;
  };
  assert.equal(causeOf('db'), 'name-unknown');
  assert.deepEqual([causeOf('asleep'), causeOf('db0000000000')], ['target-not-running', 'target-not-running']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import type { Directory, Publication } from './model/directory.ts';
import { findTarget, type HostAddresses, type ProbeSource } from './plan.ts';

const uplinks = { 4: parseIpAddress('192.0.2.5'), 6: parseIpAddress('2001:db8::5') } as const;
const host: HostAddresses = {
  uplink: (family) => uplinks[family],
  gateway: () => undefined,
  all: new Set(Object.values(uplinks)),
};
const outside: ProbeSource = { name: 'outside', namespace: '', arrival: true };

const published = (address: string, port: number): Publication => ({
  protocol: 'tcp',
  hostAddress: parseIpAddress(address),
  hostPorts: { first: port, last: port },
  containerPorts: { first: 80, last: 80 },
});
const directory: Directory = {
  containers: [
    {
      ...{ name: 'web', id: 'a', namespace: 'web', attachments: [] },
      publications: [published('0.0.0.0', 8080), published('::', 8080), published('::', 9090), published('::1', 9090)],
    },
  ],
  networks: [],
};

test('from outside a container is reached by a port that is published, at the addresses that it is published at', () => {
  assert.deepEqual(findTarget('web:80', outside, { directory, host }), {
    name: 'web',
    addresses: [uplinks[4], uplinks[6]],
    port: 8080,
  });
});

test('a port that is published in one family alone is not tried in the other', () => {
  const containers = directory.containers.map((each) => ({ ...each, publications: each.publications.toSpliced(1, 1) }));
  const other = { directory: { containers, networks: [] }, host };
  assert.deepEqual(findTarget('web:80', outside, other), { name: 'web', addresses: [uplinks[4]], port: 8080 });
  const { addresses, port } = findTarget('web:80', outside, { ...other, family: 6 });
  assert.deepEqual([addresses?.[0], port], [uplinks[6], 9090]);
});

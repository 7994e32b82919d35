import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPolicy, parseIpAddress, parsePortPolicy } from '@fairlead/base';
import { Rig } from '../testing/rig.ts';
import { splitByPolicy } from './port-admission.ts';
import { newlyJudged } from './port-changes.ts';
import type { PortBinding, PortMapping } from './port-model.ts';

const friends = parsePortPolicy('10.0.0.0/8,2001:db8::/32', undefined);
const uplink = parsePortPolicy(undefined, 'eth0');
const web: PortBinding = { protocol: 'tcp', containerPort: 80, hostPorts: { first: 8080, last: 8080 } };
const mapping: PortMapping = {
  protocol: 'tcp',
  hostAddress: parseIpAddress('0.0.0.0'),
  hostPorts: { first: 8000, last: 8003 },
  containerPorts: { first: 80, last: 83 },
};

test('a mapping is cut where policies differ, and only there', () => {
  const ports = [80, 81, 82, 83].map(
    (containerPort): PortBinding => ({
      protocol: 'tcp',
      containerPort,
      hostPorts: { first: containerPort + 7920, last: containerPort + 7920 },
      ...(containerPort > 81 && { policy: uplink }),
    }),
  );
  const pieces = (portPolicies?: Record<string, typeof friends>) =>
    splitByPolicy({ ports, ...(portPolicies && { portPolicies }) }, {}, mapping).map(
      ({ hostPorts, containerPorts, policy }) =>
        `${hostPorts.first}-${hostPorts.last}:${containerPorts.first} ${policy ? formatPolicy(policy) : ''}`,
    );
  assert.deepEqual(pieces(), ['8000-8001:80 ', '8002-8003:82 via=eth0']);
  assert.deepEqual(pieces({ '*': friends })[0], '8000-8001:80 from=10.0.0.0/8,from=2001:db8::/32');
  assert.deepEqual(pieces({ '81/tcp': parsePortPolicy('', undefined) }), [
    '8000-8000:80 ',
    '8001-8001:81 from=',
    '8002-8003:82 via=eth0',
  ]);
});

test('the binding that names a port exactly decides about it', () => {
  const open = { protocol: 'tcp', containerPort: 80 } as const;
  const exact = { ...open, hostPorts: { first: 8000, last: 8000 }, policy: friends };
  const single = { ...mapping, hostPorts: { first: 8000, last: 8000 }, containerPorts: { first: 80, last: 80 } };
  for (const ports of [
    [open, exact],
    [exact, open],
  ]) {
    assert.equal(splitByPolicy({ ports }, {}, single)[0]?.policy, friends);
  }
});

/** Elements about who may ask, one line each. */
function judged(rig: Rig): string[] {
  return rig.kernel
    .observe('', ['element'])
    .flatMap((object) =>
      object.kind === 'element' && /^(limited|from|via|publish|routed_)/.test(object.set)
        ? [`${object.set} ${object.key.join(' . ')}`]
        : [],
    )
    .sort();
}

test('the network’s policy is for ports of which nothing else is said; changes are followed and taken back', async () => {
  using rig = await Rig.started();
  const options = { 'com.fairlead.ports.sources': '192.0.2.0/24' };
  const network = await rig.controller.createNetwork({ name: 'app', ipv6: true, options });
  const sandbox = await rig.sandbox('web', { ports: [web] });
  await rig.join(sandbox, network);
  assert.ok(judged(rig).includes('from4 192.0.2.0-192.0.2.255 . 0.0.0.0-255.255.255.255 . tcp . 8080'));
  assert.ok(
    judged(rig).some((line) => line.startsWith('limited6 ')),
    'IPv6 is for nobody else',
  );
  await rig.controller.publish(sandbox.id, [{ ...web, policy: {} }]);
  assert.deepEqual(judged(rig), ['publish4 tcp . 8080', 'publish6 tcp . 8080']);
  await rig.controller.publish(sandbox.id, [{ ...web, policy: friends }]);
  assert.equal(judged(rig).length, 6);
  rig.assertConsistent();
  await rig.controller.closeSandbox(sandbox.id);
  assert.deepEqual(judged(rig), []);
  rig.assertConsistent();
});

test('a port that is published twice on a routed network has one policy there', async () => {
  using rig = await Rig.started();
  const options = {
    'com.docker.network.bridge.gateway_mode_ipv4': 'routed',
    'com.fairlead.ports.sources': '10.0.0.0/8',
  };
  const network = await rig.controller.createNetwork({ name: 'open', options });
  const named = [80, 81].map((port) => ({
    ...web,
    containerPort: port,
    hostPorts: { first: 8000 + port, last: 8000 + port },
    policy: friends,
  }));
  const sandbox = await rig.sandbox('web', { ports: [{ protocol: 'tcp', containerPort: 80 }, ...named] });
  await rig.join(sandbox, network);
  const from = judged(rig).filter((line) => line.startsWith('routed_from4'));
  assert.equal(from.length, 1, `no overlap: ${from.join()}`);
  rig.assertConsistent();
});

test('flows of datagrams are judged anew when others may ask', () => {
  const element = (set: string, key: readonly string[]) =>
    ({ action: 'add', object: { kind: 'element', namespace: '', table: 'fairlead', set, key } }) as const;
  assert.deepEqual(
    newlyJudged([
      element('from4', ['10.0.0.0-10.255.255.255', '192.0.2.1', 'udp', '53-54']),
      element('limited4', ['192.0.2.1', 'udp', '53-54']),
      element('from4', ['10.0.0.0-10.255.255.255', '192.0.2.1', 'tcp', '80']),
      element('publish4', ['udp', '99']),
    ]),
    [53, 54],
  );
});

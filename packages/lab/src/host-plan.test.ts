import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostPlan } from './host-plan.ts';
import { namePrefix, ownerOf } from './sweep.ts';

test('a host is two namespaces, a cable, both families and a way out', () => {
  const { objects } = hostPlan('lab-1-a');
  const lines = objects.flatMap((object) => {
    if (object.kind === 'address') return [`${object.namespace} ${object.link} ${object.address}`];
    return object.kind === 'route' ? [`${object.namespace} ${object.destination} via ${object.via}`] : [];
  });
  assert.deepEqual(lines, [
    'lab-1-a eth0 192.0.2.2/24',
    'lab-1-a eth0 2001:db8::2/64',
    'lab-1-a-out eth0 192.0.2.1/24',
    'lab-1-a-out eth0 2001:db8::1/64',
    'lab-1-a 0.0.0.0/0 via 192.0.2.1',
    'lab-1-a ::/0 via 2001:db8::1',
  ]);
});

test('the outside says of each datagram that nobody listens, however many there are', () => {
  const limits = hostPlan('lab-1-a').objects.flatMap((object) =>
    object.kind === 'sysctl' && object.key.endsWith('ratelimit')
      ? [`${object.namespace} ${object.key}=${object.value}`]
      : [],
  );
  assert.deepEqual(limits, ['lab-1-a-out net.ipv4.icmp_ratelimit=0', 'lab-1-a-out net.ipv6.icmp.ratelimit=0']);
});

test('whether a host forwards does not depend on the machine around it', () => {
  const settings = hostPlan('lab-1-a').objects.flatMap((object) =>
    object.kind === 'sysctl' && object.key === 'net.ipv4.ip_forward' ? [`${object.namespace}=${object.value}`] : [],
  );
  assert.deepEqual(settings, ['lab-1-a=0', 'lab-1-a-out=1']);
});

test('every namespace is made before anything that is in it', () => {
  const made = new Set<string>();
  for (const object of hostPlan('lab-1-a').objects) {
    if (object.kind === 'namespace') made.add(object.namespace);
    assert.ok(made.has(object.namespace), `${object.kind} in ${object.namespace}`);
  }
});

test('the owner can be read from a name, and only from names of hosts', () => {
  assert.equal(ownerOf(`${namePrefix}x1Y2z3`), process.pid);
  assert.equal(ownerOf(`${namePrefix}x1Y2z3-out`), process.pid);
  assert.equal(ownerOf('fl-4711-4711-abc'), undefined);
  assert.equal(ownerOf('lab-web'), undefined);
});

test('what another process namespace has made is nobody’s here', () => {
  assert.equal(ownerOf('lab-1-4711-x1Y2z3'), undefined);
});

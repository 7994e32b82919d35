import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { Kernel } from './kernel.ts';
import { createNamespace, deleteNamespace, namespacePath } from './namespace/namespace.ts';

/** Who is behind the ports of a bridge, by what the kernel knows. */

const host = `fl-test-guests-${process.pid}`;
const [inmate, machine] = [`${host}-inmate`, `${host}-machine`];
const run = (namespace: string, script: string) =>
  execFileSync('nsenter', [`--net=${namespacePath(namespace)}`, 'sh', '-ec', script], { encoding: 'utf8' });

before(() => {
  for (const name of [host, inmate, machine]) createNamespace(name);
  run(
    host,
    `ip link add br0 up type bridge; ip address add 10.4.0.1/24 dev br0
    ip link add v0 type veth peer name eth0 netns ${inmate}; ip link set v0 master br0 up alias theirs
    ip link add v1 type veth peer name eth0 netns ${machine}; ip link set v1 up
    ip link add v2 type veth peer name v3; ip link set v2 master br0 up; ip link set v3 up`,
  );
  run(inmate, 'ip address add 10.4.0.7/24 dev eth0; ip address add fd04::7/64 dev eth0 nodad; ip link set eth0 up');
  // Another interface of the same namespace is not on the bridge.
  run(inmate, 'ip link add other up type bridge; ip address add 10.5.0.7/24 dev other');
  // A machine whose inside nobody can look into: it is behind a bridge that is a port.
  run(host, 'ip link add br1 up type bridge; ip link set v1 master br1; ip link set v3 master br1');
  run(machine, 'ip address add 10.4.0.9/24 dev eth0; ip link set eth0 up');
});
after(() => [host, inmate, machine].forEach(deleteNamespace));

function guests(isMeant: (port: { name: string; alias?: string }) => boolean = () => true): string[] {
  using kernel = new Kernel();
  return kernel
    .bridgeGuests('br0', isMeant, host)
    .map(({ port, address, isStale }) => `${port} ${address}${isStale ? ', not lately' : ''}`)
    .sort();
}

test('addresses at the other ends of cables are known, whatever namespace they are in, and no others of it', () => {
  const global = (found: readonly string[]) => found.filter((guest) => !guest.includes('fe80'));
  assert.deepEqual(global(guests()), ['v0 10.4.0.7', 'v0 fd04::7']);
  assert.deepEqual(
    guests(({ alias }) => alias !== 'theirs'),
    [],
  );
});

test('those that the host has met are known by the port that they are behind', () => {
  run(machine, 'busybox ping -c 1 -W 5 10.4.0.1');
  assert.deepEqual(
    guests(({ name }) => name === 'v2'),
    ['v2 10.4.0.9'],
  );
  run(host, 'ip neigh change 10.4.0.9 dev br0 nud stale');
  assert.deepEqual(
    guests(({ name }) => name === 'v2'),
    ['v2 10.4.0.9, not lately'],
  );
  assert.deepEqual(
    guests(({ name }) => name === 'v0').filter((guest) => guest.includes('10.4.0.9')),
    [],
  );
});

test('a bridge that is not there has nobody on it', () => {
  using kernel = new Kernel();
  assert.deepEqual(
    kernel.bridgeGuests('nobody', () => true, host),
    [],
  );
});

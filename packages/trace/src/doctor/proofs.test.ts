import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { runChecks } from './checks.ts';
import type { HostState } from './host-state.ts';
import { planProofs } from './proofs.ts';
import {
  attempt,
  cause,
  healthy,
  insideWith,
  out,
  socket,
  type web,
  withFiles,
  withProof,
} from './testing/sample-host.ts';

test('every container on a network with a way out sends a packet there, once for each IP version', () => {
  const [first] = healthy.directory.containers;
  assert.ok(first);
  const directory = { ...healthy.directory, containers: [first, { ...first, name: 'other' }] };
  const gateways = { 4: parseIpAddress('192.0.2.1'), 6: parseIpAddress('2001:db8::1') };
  const host = { uplink: () => undefined, gateway: (family: 4 | 6) => gateways[family], all: new Set<typeof web>() };
  const ways = planProofs(directory, host).flatMap(({ purpose }) =>
    purpose.kind === 'way-out' ? [`${purpose.from} ${purpose.family}`] : [],
  );
  assert.deepEqual(ways.toSorted(), ['other 4', 'other 6', 'web 4', 'web 6']);
});

test('what may be wanted is a note, and what an attempt is kept from by the engine itself', () => {
  const severities = (state: HostState) =>
    runChecks(state).flatMap(({ findings }) => findings.map((each) => each.severity));
  assert.deepEqual(severities(withProof(attempt, { cause: cause('internal-network') })), ['note']);
  assert.deepEqual(severities(withProof(attempt, { cause: cause('foreign-rule') })), ['error']);
  assert.deepEqual(severities(withProof(out, { verdict: 'lost', cause: cause('handmade-neighbor') })), ['note']);
  assert.deepEqual(severities(withFiles('198.51.100.7 db')), ['note']);
  const { containers, networks } = healthy.directory;
  const stopped = containers.map(({ namespace: _, ...rest }) => rest);
  const told = runChecks({ ...healthy, directory: { containers: stopped, networks }, namespaces: [], inside: [] });
  const absent = told.flatMap(({ findings }) => findings).filter(({ code }) => code === 'target-not-running');
  assert.deepEqual(
    absent.map(({ severity, affects }) => [severity, affects]),
    [['note', ['web']]],
  );
});

test('every container of a network sends to the next one, and to its server', () => {
  const [first] = healthy.directory.containers;
  assert.ok(first);
  const named = ['a', 'b', 'c'].map((name) => ({ ...first, name, publications: [] }));
  const [inside] = healthy.inside;
  assert.ok(inside);
  const states = named.map(({ name }) => ({ ...inside, container: name, sockets: name === 'b' ? [socket({})] : [] }));
  const host = { uplink: () => undefined, gateway: () => undefined, all: new Set<typeof web>() };
  const ways = (count: number) =>
    planProofs({ ...healthy.directory, containers: named.slice(0, count) }, host, states).map(
      ({ purpose, request: { to, size } }) =>
        `${'from' in purpose ? purpose.from : ''}${'to' in purpose ? purpose.to : ''} ${to} ${size ?? 'tcp'}`,
    );
  const toB = ['ab 10.9.1.2 1500', 'ab 10.9.1.2:80 tcp', 'ab [fd00:9:1::2]:80 tcp', 'ab fd00:9:1::2 1500'];
  assert.deepEqual(ways(2).toSorted(), toB);
  const others = ['bc 10.9.1.2 1500', 'bc fd00:9:1::2 1500', 'ca 10.9.1.2 1500', 'ca fd00:9:1::2 1500'];
  assert.deepEqual(ways(3).toSorted(), [...toB, ...others]);
  assert.deepEqual(ways(1), []);
});

test('what a container waits for is tried after', () => {
  const waiting = socket({ state: 'synSent', remote: { address: parseIpAddress('2001:db8::9'), port: 443 } });
  const { directory, inside } = insideWith({ sockets: [waiting, waiting] });
  const host = { uplink: () => undefined, gateway: () => undefined, all: new Set<typeof web>() };
  const attempts = planProofs(directory, host, inside).map(({ purpose }) => purpose);
  assert.deepEqual(attempts, [{ kind: 'attempt', from: 'web', to: '[2001:db8::9]:443' }]);
});

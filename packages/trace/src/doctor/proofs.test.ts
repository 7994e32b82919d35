import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import type { TraceReport } from '../model/report.ts';
import { ruleOwner } from '../model/rule-owner.ts';
import { runChecks } from './checks.ts';
import type { HostState } from './host-state.ts';
import { planProofs } from './proofs.ts';
import { attempt, cause, healthy, insideWith, out, socket, web, withFiles, withProof } from './testing/sample-host.ts';

test('every container on a network with a way out sends a packet there, once for each IP version', () => {
  const [first] = healthy.directory.containers;
  assert.ok(first);
  const directory = { ...healthy.directory, containers: [first, { ...first, name: 'other' }] };
  const gateways = { 4: parseIpAddress('192.0.2.1'), 6: parseIpAddress('2001:db8::1') };
  const host = { uplink: () => undefined, gateway: (family: 4 | 6) => gateways[family], all: new Set<typeof web>() };
  const ways = planProofs(directory, host).flatMap(({ purpose }) =>
    purpose.kind === 'way-out' && purpose.port === undefined ? [`${purpose.from} ${purpose.family}`] : [],
  );
  assert.deepEqual(ways.toSorted(), ['other 4', 'other 6', 'web 4', 'web 6']);
});

test('of each network one container begins a connection to the outside', () => {
  const gateways = { 4: parseIpAddress('192.0.2.1'), 6: parseIpAddress('2001:db8::1') };
  const host = { uplink: () => undefined, gateway: (family: 4 | 6) => gateways[family], all: new Set<typeof web>() };
  const connections = planProofs(healthy.directory, host).flatMap(({ purpose, request: { to } }) =>
    purpose.kind === 'way-out' && purpose.port !== undefined ? [to] : [],
  );
  assert.deepEqual(connections, ['192.0.2.1:443', '[2001:db8::1]:443']);
});

/** Published ports: the first number and the last one. */
function publishing(address: string, first: number, last = first) {
  const containerPorts = { first: 80, last: 80 + last - first };
  return { protocol: 'tcp', hostAddress: parseIpAddress(address), hostPorts: { first, last }, containerPorts } as const;
}

test('all published ports are asked for by those whom they are for, ranges last and no more than there is time for', () => {
  const [first] = healthy.directory.containers;
  assert.ok(first);
  const plan = (...publications: ReturnType<typeof publishing>[]) => {
    const directory = { networks: [], containers: [{ ...first, publications }] };
    const host = { uplink: () => parseIpAddress('192.0.2.2'), gateway: () => undefined, all: new Set<typeof web>() };
    return planProofs(directory, host).map(({ request: { from, to } }) => `${from} ${to}`);
  };
  assert.deepEqual(plan(publishing('0.0.0.0', 90, 92), publishing('127.0.0.1', 81), publishing('192.0.2.9', 82)), [
    'outside 192.0.2.2:90',
    'host 127.0.0.1:81',
    'outside 192.0.2.9:82',
    'outside 192.0.2.2:91',
    'outside 192.0.2.2:92',
  ]);
  assert.equal(plan(publishing('0.0.0.0', 1000, 2000)).length, 120);
});

test('nobody has to listen at all ports of a range', () => {
  const refused = { verdict: 'refused', cause: cause('nobody-listens') } as const;
  const codes = (purpose: typeof wayIn | (typeof wayIn & { readonly spare: true })) =>
    runChecks(withProof(purpose, refused)).flatMap(({ findings }) => findings.map(({ code }) => code));
  const wayIn = { kind: 'way-in', container: 'web', port: 8081 } as const;
  assert.deepEqual(codes(wayIn), ['nobody-listens']);
  assert.deepEqual(codes({ ...wayIn, spare: true }), []);
});

test('of a port that alone is stopped it is said that it is the port', () => {
  const echo = { kind: 'neighbours', network: 'app', from: 'web', to: 'db' } as const;
  const [passed] = withProof(echo, { verdict: 'delivered' }).proofs;
  const stopped = withProof({ ...echo, port: 5432 }, { cause: cause('foreign-rule') });
  assert.ok(passed);
  const told = (proofs: HostState['proofs']) =>
    runChecks({ ...stopped, proofs }).flatMap(({ findings }) => findings.flatMap((each) => each.consequences ?? []));
  assert.deepEqual(told([passed, ...stopped.proofs]), ['web does not reach TCP port 5432 of db.']);
  assert.deepEqual(told(stopped.proofs), ['Containers of app do not reach each other.']);
});

test('what a container’s own rules keep from it is its own choice', () => {
  const end = (name: string, address: typeof web) => ({ name, address, port: 5432 });
  const probe: TraceReport['probe'] = {
    mode: 'half-open',
    family: 4,
    protocol: 'tcp',
    source: end('web', web),
    destination: end('db', parseIpAddress('10.9.1.3')),
    tag: '12345678',
  };
  const packet = { source: '10.9.1.2:40000', destination: '10.9.1.3:5432', lifetime: 64 };
  const dropped = (place: string) => {
    const what = { role: 'request', event: 'dropped', place, namespace: 1, packet } as const;
    const hops = [{ ...what, microseconds: 0, rules: [], rewrites: [] }];
    const purpose = { kind: 'neighbours', network: 'app', from: 'web', to: 'db', port: 5432 } as const;
    const state = withProof(purpose, { cause: cause('foreign-rule'), probe, hops });
    return runChecks(state).flatMap(({ findings }) => findings.map(({ severity }) => severity));
  };
  assert.deepEqual(dropped('db'), ['note']);
  assert.deepEqual(dropped('host'), ['error']);
});

test('what the administrator’s own table drops is there on purpose', () => {
  const packet = { source: '192.0.2.1:40000', destination: '192.0.2.2:8080', lifetime: 64 };
  const told = (table: string) => {
    const chain = { family: 'inet', table, chain: 'p' } as const;
    const place = { ...chain, owner: ruleOwner(chain) };
    const rules = [{ ...place, kind: 'rule', text: 'tcp dport 8080 drop', verdict: 'drop' }] as const;
    const what = { role: 'request', event: 'dropped', place: 'host', namespace: 1, packet } as const;
    const hops = [{ ...what, microseconds: 0, rules, rewrites: [] }];
    const state = withProof({ kind: 'way-in', container: 'web', port: 8080 }, { cause: cause('foreign-rule'), hops });
    return runChecks(state).flatMap(({ findings }) => findings.map(({ severity }) => severity));
  };
  assert.deepEqual(told('fairlead-user'), ['note']);
  assert.deepEqual(told('mine'), ['error']);
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

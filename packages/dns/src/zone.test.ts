import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { Directory } from './directory.ts';
import { type RecordTypeName, recordType } from './record-type.ts';
import { answer } from './zone.ts';

const ip = parseIpAddress;

/** `web` asks; it is on `front` and `back`; `db` is on `back`, `far` on a network that `web` is not on. */
function sample(): Directory {
  const directory = new Directory();
  directory.setNetwork({ id: 'n1', name: 'front' });
  directory.setNetwork({ id: 'n2', name: 'back.end' });
  directory.setNetwork({ id: 'n3', name: 'other' });
  directory.setEndpoint({
    id: 'e1',
    sandbox: 'web',
    network: 'n1',
    addresses: [ip('172.18.0.2'), ip('fd00::2')],
    containerName: 'web',
    aliases: ['www'],
    shortId: '0123456789ab',
    hostname: 'Web-Host',
    gatewayFamilies: 2,
  });
  directory.setEndpoint({
    id: 'e2',
    sandbox: 'web',
    network: 'n2',
    addresses: [ip('172.19.0.2')],
    containerName: 'web',
    gatewayFamilies: 1,
    links: [
      { alias: 'Database', target: 'db' },
      { alias: 'cache', target: 'db' },
    ],
  });
  directory.setEndpoint({
    id: 'e3',
    sandbox: 'db',
    network: 'n2',
    addresses: [ip('172.19.0.3')],
    containerName: 'db',
    aliases: ['data', 'cache.v1'],
  });
  directory.setEndpoint({
    id: 'e4',
    sandbox: 'far',
    network: 'n3',
    addresses: [ip('172.20.0.2')],
    containerName: 'far',
  });
  directory.setEndpoint({
    id: 'e5',
    sandbox: 'c',
    network: 'n2',
    addresses: [ip('172.19.0.4')],
    containerName: 'cache',
  });
  directory.setEndpoint({
    id: 'e6',
    sandbox: 'd',
    network: 'n2',
    addresses: [ip('172.19.0.5')],
    containerName: 'data2',
    aliases: ['data'],
  });
  return directory;
}

function ask(
  name: string,
  type: RecordTypeName = 'A',
  { sandbox = 'web', ndotsSet = false, directory = sample() } = {},
) {
  const question = { name, type: recordType[type], class: 1 };
  const found = answer(directory.view(sandbox), question, { ttl: 0, ndotsSet });
  if (found.kind === 'forward') return 'forward';
  return found.records
    .map(({ data }) => ('address' in data ? data.address : 'target' in data ? data.target : data.type))
    .join(' ');
}

for (const [what, name, type, expected] of [
  ['container name', 'web', 'A', '172.18.0.2'],
  ['container name in capitals with a dot', 'WEB.', 'A', '172.18.0.2'],
  ['alias', 'www', 'A', '172.18.0.2'],
  ['short identifier', '0123456789ab', 'A', '172.18.0.2'],
  ['hostname', 'web-host', 'A', '172.18.0.2'],
  ['IPv6', 'web', 'AAAA', 'fd00::2'],
  ['name on a second network', 'db', 'A', '172.19.0.3'],
  ['name with its network', 'web.front', 'A', '172.18.0.2'],
  ['name with a network of two labels', 'web.back.end', 'A', '172.19.0.2'],
  ['alias with dots', 'cache.v1', 'A', '172.19.0.3'],
  ['alias with dots and its network', 'cache.v1.back.end', 'A', '172.19.0.3'],
  ['alias of two containers', 'data', 'A', '172.19.0.3 172.19.0.5'],
  ['link', 'Database', 'A', '172.19.0.3'],
  ['link with its network', 'Database.back.end', 'A', '172.19.0.3'],
  ['link in another case', 'database', 'A', 'forward'],
  ['link that hides a container', 'cache', 'A', '172.19.0.3'],
  ['known name without the family', 'db', 'AAAA', ''],
  ['mail exchange of a known name', 'db', 'MX', ''],
  ['mail exchange of an unknown name', 'example.org', 'MX', 'forward'],
  ['reverse name', '3.0.19.172.in-addr.arpa', 'PTR', 'db.back.end'],
  ['reverse name of IPv6', `2.${'0.'.repeat(27)}0.0.d.f.ip6.arpa`, 'PTR', 'web.front'],
  ['reverse name on a network of others', '2.0.20.172.in-addr.arpa', 'PTR', 'forward'],
  ['reverse name of nobody', '8.8.8.8.in-addr.arpa', 'PTR', 'forward'],
  ['name on a network of others', 'far', 'A', 'forward'],
  ['name with a network of others', 'far.other', 'A', 'forward'],
  ['name with the wrong network', 'db.front', 'A', 'forward'],
  ['unknown name', 'example.org', 'A', 'forward'],
  ['unknown single label', 'nobody', 'A', 'forward'],
  ['other type of a known name', 'web', 'TXT', 'forward'],
  ['service record', '_http._tcp.web', 'SRV', 'forward'],
] as const) {
  test(`${what}: ${name} ${type} gives ${expected || 'no data'}`, () => {
    assert.equal(ask(name, type), expected);
  });
}

test('with ndots set an unknown single label is empty, and only that', () => {
  assert.equal(ask('nobody', 'A', { ndotsSet: true }), '');
  assert.equal(ask('nobody', 'AAAA', { ndotsSet: true }), '');
  assert.equal(ask('nobody', 'MX', { ndotsSet: true }), 'forward');
  assert.equal(ask('example.org', 'A', { ndotsSet: true }), 'forward');
  assert.equal(ask('web', 'A', { ndotsSet: true }), '172.18.0.2');
});

test('a link is private to the sandbox that has it', () => {
  assert.equal(ask('cache', 'A', { sandbox: 'db' }), '172.19.0.4');
  assert.equal(ask('Database', 'A', { sandbox: 'db' }), 'forward');
});

test('networks are searched in the order of gateways', () => {
  const directory = sample();
  assert.equal(ask('web', 'A', { directory }), '172.18.0.2', 'two families before one');
  const [endpoint] = directory.endpoints().filter(({ id }) => id === 'e2');
  assert.ok(endpoint);
  directory.setEndpoint({ ...endpoint, gatewayPriority: 1 });
  assert.equal(ask('web', 'A', { directory }), '172.19.0.2', 'priority before all');
  directory.setEndpoint({ ...endpoint, gatewayFamilies: 2, internal: true });
  assert.equal(ask('web', 'A', { directory }), '172.18.0.2', 'internal after the others');
  directory.setEndpoint({ ...endpoint, gatewayFamilies: 2 });
  assert.equal(ask('web', 'A', { directory }), '172.19.0.2', 'more families first');
});

test('a removed endpoint and a removed network are forgotten at once', () => {
  const directory = sample();
  const before = directory.generation;
  directory.removeEndpoint('e3');
  assert.ok(directory.generation > before);
  assert.equal(ask('db', 'A', { directory }), 'forward');
  assert.equal(ask('data', 'A', { directory }), '172.19.0.5');
  directory.removeNetwork('n1');
  assert.equal(ask('web.front', 'A', { directory }), 'forward');
});

test('of those who share a name the ones that are well are answered, and all when nobody is', () => {
  const directory = sample();
  const endpoint = (id: string) => directory.endpoints().find((known) => known.id === id) ?? assert.fail(id);
  const [db, data2] = [endpoint('e3'), endpoint('e6')];
  directory.setEndpoint({ ...db, unready: true });
  assert.equal(ask('data', 'A', { directory }), '172.19.0.5');
  assert.equal(ask('data.back.end', 'A', { directory }), '172.19.0.5');
  assert.equal(ask('db', 'A', { directory }), '172.19.0.3', 'nobody else has this name');
  assert.equal(ask('Database', 'A', { directory }), '172.19.0.3');
  assert.equal(ask('3.0.19.172.in-addr.arpa', 'PTR', { directory }), 'db.back.end');
  directory.setEndpoint({ ...data2, unready: true });
  assert.deepEqual(ask('data', 'A', { directory }).split(' ').sort(), ['172.19.0.3', '172.19.0.5']);
  directory.setEndpoint(db);
  assert.equal(ask('data', 'A', { directory }), '172.19.0.3');
  directory.setNetwork({ id: 'n2', name: 'back.end', ignoresHealth: true });
  assert.deepEqual(ask('data', 'A', { directory }).split(' ').sort(), ['172.19.0.3', '172.19.0.5']);
});

test('an endpoint may come before its network', () => {
  const directory = new Directory();
  directory.setEndpoint({ id: 'e', sandbox: 's', network: 'n', addresses: [ip('10.0.0.1')], containerName: 'c' });
  directory.setNetwork({ id: 'n', name: 'late' });
  assert.equal(ask('c.late', 'A', { directory, sandbox: 's' }), '10.0.0.1');
});

test('a container name that is longer than a label has no reverse name', () => {
  const directory = new Directory();
  directory.setEndpoint({
    id: 'e',
    sandbox: 's',
    network: 'n',
    addresses: [ip('10.0.0.1')],
    containerName: 'c'.repeat(64),
  });
  assert.equal(ask('1.0.0.10.in-addr.arpa', 'PTR', { directory, sandbox: 's' }), 'forward');
});

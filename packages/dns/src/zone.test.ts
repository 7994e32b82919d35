import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { Directory } from './directory.ts';
import type { ResourceRecord } from './message.ts';
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
  ['other type of a known name', 'web', 'TXT', ''],
  ['service of a plain name', 'web', 'SRV', ''],
  ['alias of a known name', 'web', 'CNAME', ''],
  ['beginning of a zone', 'web', 'SOA', ''],
  ['reverse name of a plain name', 'web', 'PTR', ''],
  ['other type with a network', 'web.front', 'TXT', ''],
  ['other type of a link', 'Database', 'TXT', ''],
  ['other type of a reverse name', '3.0.19.172.in-addr.arpa', 'TXT', ''],
  ['other type of a name on a network of others', 'far', 'TXT', 'forward'],
  ['other type of an unknown name', 'example.org', 'TXT', 'forward'],
  ['service of an unknown name', '_http._tcp.nobody', 'SRV', 'forward'],
] as const) {
  test(`${what}: ${name} ${type} gives ${expected || 'no data'}`, () => {
    assert.equal(ask(name, type), expected);
  });
}

test('types that are only numbers to us are asked for outside of nobody who is here', () => {
  const kinds = (name: string, type: number) =>
    answer(sample().view('web'), { name, type, class: 1 }, { ttl: 0, ndotsSet: false });
  const none = { kind: 'local', records: [] };
  // HTTPS (RFC 9460), NAPTR, DNSKEY, and one that nobody has given out.
  for (const type of [65, 35, 48, 65_280]) {
    assert.deepEqual(kinds('web', type), none);
    assert.deepEqual(kinds('example.org', type), { kind: 'forward' });
  }
  const any = (name: string) => {
    const found = kinds(name, 255);
    return found.kind === 'forward' ? 'forward' : found.records.map(({ data }) => data.type).join();
  };
  assert.equal(any('web'), 'A');
  assert.equal(any('2.0.18.172.in-addr.arpa'), 'PTR');
  assert.equal(any('example.org'), 'forward');
});

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

/** `front` has `shop1` and `shop2`, both called `shop`, and `web`, which is called `shop1` too. */
function shops(): Directory {
  const directory = sample();
  const services = (port: number) => [
    { service: 'http', protocol: 'tcp', port } as const,
    { service: 'dns', protocol: 'udp', port: 53 } as const,
  ];
  const shop = { network: 'n1', aliases: ['shop'] };
  const [first, second] = [ip('172.18.0.11'), ip('172.18.0.12')];
  const common = { ...shop, services: services(80), shortId: 'aaaaaaaaaaaa' };
  directory.setEndpoint({ ...common, id: 's1', containerName: 'shop1', addresses: [first] });
  directory.setEndpoint({
    ...{ ...shop, id: 's2', containerName: 'shop2', shortId: 'bbbbbbbbbbbb', services: services(8080) },
    addresses: [second, ip('fd00::12')],
  });
  directory.setEndpoint({ id: 's3', network: 'n1', containerName: 'x', aliases: ['shop1'], addresses: [] });
  return directory;
}

/** `SRV 0 1 80 shop1.front` and the like, sorted, those in the additional section with their names. */
function services(name: string, type: RecordTypeName = 'SRV', directory = shops()) {
  const question = { name, type: recordType[type], class: 1 };
  const found = answer(directory.view('web'), question, { ttl: 0, ndotsSet: false });
  if (found.kind !== 'local') return found.kind;
  const text = ({ name: owner, data }: ResourceRecord) =>
    data.type === 'SRV'
      ? `${owner} ${data.priority} ${data.weight} ${data.port} ${data.target}`
      : `${owner} ${'address' in data ? data.address : data.type}`;
  return { code: found.code ?? 0, answers: found.records.map(text), also: (found.additionals ?? []).map(text) };
}

test('a service is on every container of the name, each under a name and with addresses of its own', () => {
  assert.deepEqual(services('_HTTP._tcp.Shop.'), {
    code: 0,
    answers: ['_HTTP._tcp.Shop. 0 1 80 aaaaaaaaaaaa.front', '_HTTP._tcp.Shop. 0 1 8080 shop2.front'],
    also: ['aaaaaaaaaaaa.front 172.18.0.11', 'shop2.front 172.18.0.12', 'shop2.front fd00::12'],
  });
  assert.deepEqual(services('_dns._udp.shop2.front'), {
    code: 0,
    answers: ['_dns._udp.shop2.front 0 1 53 shop2.front'],
    also: ['shop2.front 172.18.0.12', 'shop2.front fd00::12'],
  });
});

test('the target of a service leads back to its container', () => {
  const directory = shops();
  for (const [target, address] of [
    ['aaaaaaaaaaaa.front', '172.18.0.11'],
    ['shop2.front', '172.18.0.12'],
  ] as const)
    assert.equal(ask(target, 'A', { directory }), address);
});

test('a service of a known name is there or is not, and a name with services below it has no data', () => {
  const nothing = { code: 0, answers: [], also: [] };
  const denied = { ...nothing, code: 3 };
  assert.deepEqual(services('_http._tcp.shop', 'A'), nothing);
  assert.deepEqual(services('_http._tcp.shop', 'TXT'), nothing);
  assert.deepEqual(services('_tcp.shop', 'SRV'), nothing);
  assert.deepEqual(services('_sctp.shop', 'A'), denied);
  assert.deepEqual(services('_http._udp.shop'), denied);
  assert.deepEqual(services('_smtp._tcp.shop'), denied);
  assert.deepEqual(services('_http._tcp.web'), denied);
  assert.equal(services('_http._tcp.far'), 'forward', 'on a network of others');
});

test('a container whose name is longer than a label serves under its short identifier', () => {
  const directory = shops();
  const [second] = directory.endpoints().filter(({ id }) => id === 's2');
  assert.ok(second);
  directory.setEndpoint({ ...second, containerName: 'c'.repeat(64) });
  const answers = (name: string) => {
    const found = services(name, 'SRV', directory);
    return typeof found === 'object' && found.answers;
  };
  assert.deepEqual(answers('_dns._udp.bbbbbbbbbbbb'), ['_dns._udp.bbbbbbbbbbbb 0 1 53 bbbbbbbbbbbb.front']);
  directory.setNetwork({ id: 'n1', name: 'n'.repeat(64) });
  assert.deepEqual(answers('_dns._udp.shop'), [], 'nothing that could not be said');
});

test('what somebody has written of a service comes first, and a service is where it is well', () => {
  const directory = shops();
  const written = { name: '_http._tcp.shop', type: 'SRV', data: ['3', '4', '99', 'web'] } as const;
  directory.setNetwork({ id: 'n1', name: 'front', records: [written] });
  const found = services('_http._tcp.shop', 'SRV', directory);
  assert.deepEqual(found, {
    code: 0,
    answers: ['_http._tcp.shop 3 4 99 web'],
    also: ['web 172.18.0.2', 'web fd00::2'],
  });
  directory.setNetwork({ id: 'n1', name: 'front' });
  const [second] = directory.endpoints().filter(({ id }) => id === 's2');
  assert.ok(second);
  directory.setEndpoint({ ...second, unready: true });
  const left = services('_http._tcp.shop', 'SRV', directory);
  assert.deepEqual(typeof left === 'object' && left.answers, ['_http._tcp.shop 0 1 80 aaaaaaaaaaaa.front']);
});

test('an endpoint may come before its network', () => {
  const directory = new Directory();
  directory.setEndpoint({ id: 'e', sandbox: 's', network: 'n', addresses: [ip('10.0.0.1')], containerName: 'c' });
  directory.setNetwork({ id: 'n', name: 'late' });
  assert.equal(ask('c.late', 'A', { directory, sandbox: 's' }), '10.0.0.1');
});

test('a container name that is longer than a label is not said of its address, and nobody else is asked for it', () => {
  const directory = new Directory();
  directory.setEndpoint({
    id: 'e',
    sandbox: 's',
    network: 'n',
    addresses: [ip('10.0.0.1')],
    containerName: 'c'.repeat(64),
  });
  assert.equal(ask('1.0.0.10.in-addr.arpa', 'PTR', { directory, sandbox: 's' }), '');
});

test('who stands for several is found by its name, and the addresses lead to whom they belong', () => {
  const directory = sample();
  const tasks = {
    id: 's1',
    network: 'n1',
    addresses: [ip('172.18.0.2'), ip('172.18.0.9')],
    containerName: 'tasks.web',
  };
  directory.setEndpoint({ ...tasks, collective: true });
  const view = directory.view('web');
  assert.deepEqual(view.lookup('tasks.web'), tasks.addresses);
  assert.equal(view.reverse(ip('172.18.0.2')), 'web.front');
  assert.equal(view.reverse(ip('172.18.0.9')), undefined);
  directory.removeEndpoint('s1');
  assert.equal(view.lookup('tasks.web'), undefined);
  assert.equal(view.reverse(ip('172.18.0.2')), 'web.front');
});

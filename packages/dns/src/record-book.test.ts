import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { Directory } from './directory.ts';
import { decodeMessage, encodeMessage } from './message.ts';
import { MAX_DATAGRAM_OCTETS, NameServer } from './name-server.ts';
import type { WrittenRecord } from './record-book.ts';
import { type RecordTypeName, recordType } from './record-type.ts';
import { answer, type ZoneAnswer } from './zone.ts';

const records: readonly WrittenRecord[] = [
  { name: 'db.internal', type: 'A', data: ['10.0.0.5'] },
  { name: 'db.internal', type: 'A', data: ['10.0.0.6'] },
  { name: 'db.internal', type: 'AAAA', data: ['fd00::5'] },
  { name: '*.app.internal', type: 'CNAME', data: ['web'] },
  { name: 'plain.app.internal', type: 'TXT', data: ['hello world', 'two'] },
  { name: '_http._tcp.web', type: 'SRV', data: ['0', '5', '8080', 'web'] },
  { name: 'search', type: 'CNAME', data: ['Search.Example.ORG.'] },
  { name: 'circle', type: 'CNAME', data: ['circle'] },
  { name: 'web', type: 'TXT', data: ['of a container'] },
  { name: 'web', type: 'A', data: ['10.9.9.9'] },
  { name: 'near', type: 'CNAME', data: ['asker'] },
  { name: 'asker', type: 'CNAME', data: ['search'] },
];

/** `asker` and `web` are on `front`, which has the records; `other` is not. */
function directory(): Directory {
  const names = new Directory();
  names.setNetwork({ id: 'n1', name: 'front', records });
  names.setNetwork({ id: 'n2', name: 'back' });
  const web = { id: 'e1', sandbox: 'web', network: 'n1', containerName: 'web' };
  names.setEndpoint({ ...web, addresses: [parseIpAddress('172.18.0.2'), parseIpAddress('fd00::2')] });
  names.setEndpoint({ id: 'e2', sandbox: 'asker', network: 'n1', containerName: 'asker', addresses: [] });
  names.setEndpoint({ id: 'e3', sandbox: 'other', network: 'n2', containerName: 'other', addresses: [] });
  return names;
}

function ask(name: string, type: RecordTypeName, sandbox = 'asker'): ZoneAnswer {
  const question = { name, type: recordType[type], class: 1 };
  return answer(directory().view(sandbox), question, { ttl: 3, ndotsSet: false });
}

/** `web A 172.18.0.2` and the like. */
function text(found: ZoneAnswer): string[] | string {
  if (found.kind === 'forward') return 'asked outside';
  const lines = found.records.map(({ name, data }) => {
    if (data.type === 'TXT')
      return `${name} TXT ${data.strings.map((string) => new TextDecoder().decode(string)).join('|')}`;
    if (data.type === 'SRV') return `${name} SRV ${data.priority} ${data.weight} ${data.port} ${data.target}`;
    return `${name} ${data.type} ${'address' in data ? data.address : 'target' in data ? data.target : ''}`;
  });
  return found.kind === 'alias' ? [...lines, `and ${found.target} outside`] : lines;
}

const table: readonly [name: string, type: RecordTypeName, expected: string[] | string][] = [
  ['db.internal', 'A', ['db.internal A 10.0.0.5', 'db.internal A 10.0.0.6']],
  ['DB.Internal.', 'AAAA', ['DB.Internal. AAAA fd00::5']],
  ['db.internal', 'TXT', []],
  ['db.internal', 'MX', []],
  ['one.app.internal', 'A', ['one.app.internal CNAME web', 'web A 172.18.0.2']],
  ['a.b.app.internal', 'AAAA', ['a.b.app.internal CNAME web', 'web AAAA fd00::2']],
  ['one.app.internal', 'CNAME', ['one.app.internal CNAME web']],
  ['plain.app.internal', 'TXT', ['plain.app.internal TXT hello world|two']],
  ['plain.app.internal', 'A', []],
  ['below.plain.app.internal', 'A', 'asked outside'],
  ['app.internal', 'A', 'asked outside'],
  ['search', 'A', ['search CNAME search.example.org', 'and search.example.org outside']],
  ['circle', 'A', Array.from({ length: 8 }, () => 'circle CNAME circle')],
  ['_http._tcp.web', 'SRV', ['_http._tcp.web SRV 0 5 8080 web']],
  ['web', 'A', ['web A 172.18.0.2']],
  ['web', 'TXT', ['web TXT of a container']],
  ['elsewhere', 'TXT', 'asked outside'],
  ['near', 'TXT', ['near CNAME asker']],
  ['near', 'A', ['near CNAME asker']],
  ['one.app.internal', 'SRV', ['one.app.internal CNAME web']],
  ['asker', 'TXT', []],
  ['asker', 'CNAME', ['asker CNAME search']],
];

for (const [name, type, expected] of table) {
  test(`${type} of ${name}`, () => assert.deepEqual(text(ask(name, type)), expected));
}

test('what is written for a network is for those who are on it', () => {
  assert.equal(text(ask('db.internal', 'A', 'other')), 'asked outside');
});

test('a service comes with the addresses of its host', () => {
  const found = ask('_http._tcp.web', 'SRV');
  assert.ok(found.kind === 'local');
  assert.deepEqual(
    found.additionals?.map(({ name, data }) => [name, data]),
    [
      ['web', { type: 'A', address: '172.18.0.2' }],
      ['web', { type: 'AAAA', address: 'fd00::2' }],
    ],
  );
});

test('records that are set again replace those before, and go with their network', () => {
  const names = directory();
  const before = names.generation;
  names.setNetwork({ id: 'n1', name: 'front', records: [{ name: 'new', type: 'TXT', data: ['x'] }] });
  const view = names.view('asker');
  assert.ok(names.generation > before);
  assert.deepEqual([view.written?.('db.internal'), view.written?.('new')?.length], [undefined, 1]);
  names.setNetwork({ id: 'n1', name: 'front' });
  assert.equal(view.written?.('new'), undefined);
});

function server(forwarded: (name: string) => string | undefined): NameServer {
  const names = directory();
  const upstreams = [{ address: parseIpAddress('192.0.2.53'), port: 53 }];
  const forward = async (request: Uint8Array) => {
    const query = decodeMessage(request);
    const name = query.questions?.[0]?.name ?? '';
    const address = forwarded(name);
    if (address === undefined) throw new Error('silent');
    const answers = [{ name, ttl: 60, data: { type: 'A' as const, address: parseIpAddress(address) } }];
    return encodeMessage({ id: query.id, response: true, questions: query.questions ?? [], answers });
  };
  const forwarder = Object.assign(Object.create(null), { upstreams, cached: () => undefined, forward });
  return new NameServer({
    view: names.view('asker'),
    generation: names.generation,
    options: { ttl: 0, ndotsSet: false },
    forwarder,
  });
}

async function asked(names: NameServer, name: string, type: RecordTypeName) {
  const questions = [{ name, type: recordType[type], class: 1 }];
  const request = encodeMessage({ id: 7, recursionDesired: true, questions });
  const response = await names.respond(request, 'udp');
  assert.ok(response && response.length <= MAX_DATAGRAM_OCTETS);
  return decodeMessage(response);
}

test('an alias that leads outside is followed there, and fails when nobody answers', async () => {
  const found = await asked(
    server((name) => (name === 'search.example.org' ? '203.0.113.9' : undefined)),
    'search',
    'A',
  );
  assert.deepEqual([found.id, found.code, found.answers?.map(({ data }) => data.type)], [7, 0, ['CNAME', 'A']]);
  const failed = await asked(
    server(() => undefined),
    'search',
    'A',
  );
  assert.deepEqual([failed.code, failed.answers?.length], [2, 1]);
});

test('answers of several kinds stay in their order and come whole on the wire', async () => {
  for (let round = 0; round < 5; round++) {
    const { answers } = await asked(
      server(() => undefined),
      'one.app.internal',
      'A',
    );
    assert.deepEqual(
      answers?.map(({ data }) => data.type),
      ['CNAME', 'A'],
    );
  }
  const { answers, additionals } = await asked(
    server(() => undefined),
    '_http._tcp.web',
    'SRV',
  );
  assert.deepEqual([answers?.length, additionals?.length], [1, 2]);
});

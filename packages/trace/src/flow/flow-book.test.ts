import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IpAddress, parseIpAddress, parsePrefix } from '@fairlead/base';
import { type Flow, type FlowTuple, flowStatus, type TcpState } from '@fairlead/netlink';
import type { Directory } from '../model/directory.ts';
import type { PacketHeader } from '../packet/packet-header.ts';
import { FlowBook } from './flow-book.ts';
import { FlowNames } from './flow-names.ts';
import type { FlowReport } from './flow-report.ts';

const [web, db, gateway, host, remote] = ['10.9.1.2', '10.9.1.3', '10.9.1.1', '192.0.2.2', '192.0.2.9'].map(
  parseIpAddress,
) as [IpAddress, IpAddress, IpAddress, IpAddress, IpAddress];
const HOST = 1;
const WEB = 2;
const DB = 3;

function directory(names: Readonly<Record<string, IpAddress>>): Directory {
  const app = { name: 'app', driver: 'bridge', internal: false, open: true, gateways: [gateway] };
  return {
    containers: Object.entries(names).map(([name, ipv4]) => ({
      name,
      id: name,
      namespace: `fl-${name}`,
      attachments: [{ network: 'app', ipv4 }],
      publications: [],
    })),
    networks: [{ ...app, subnets: [parsePrefix('10.9.1.0/24')] }],
  };
}

/** A book, and who is where by its lights. */
function bookOf(capacity?: number) {
  const world = { names: new FlowNames(directory({ web, db }), new Set([host, gateway])) };
  const options = { names: () => world.names, host: HOST, ...(capacity !== undefined && { capacity }) };
  return { book: new FlowBook(options), world };
}

let lastId = 0;

function tcp(from: [IpAddress, number], to: [IpAddress, number], change: Partial<Flow> = {}): Flow {
  const tuple = (a: [IpAddress, number], b: [IpAddress, number]): FlowTuple => ({
    protocol: 6,
    source: a[0],
    sourcePort: a[1],
    destination: b[0],
    destinationPort: b[1],
  });
  lastId += 1;
  const base = { family: 4, status: 0, mark: 0, id: lastId, tcpState: 'syn-sent' } as const;
  return { ...base, original: tuple(from, to), reply: tuple(to, from), ...change };
}

function grown(flow: Flow, tcpState: TcpState, status = 0): Flow {
  return { ...flow, tcpState, status: flowStatus.seenReply | status };
}

function header(change: Partial<PacketHeader> = {}): PacketHeader {
  const ends = { source: web, destination: db, sourcePort: 4000, destinationPort: 80 };
  return { family: 4, ...ends, protocol: 6, lifetime: 64, flags: ['SYN'], marks: [0, 0], ...change };
}

const verdicts = (reports: readonly FlowReport[]) => reports.map(({ verdict }) => verdict);

test('a connection is told when it stands and when it has closed, with how long it took', () => {
  const { book } = bookOf();
  const flow = tcp([web, 4000], [db, 80]);
  book.note(WEB, { type: 'new', flow }, 1000);
  assert.deepEqual(book.settle(1100).news, []);
  book.note(WEB, { type: 'update', flow: grown(flow, 'established') }, 1200);
  assert.deepEqual(verdicts(book.settle(1300).news), ['established']);
  const counters = { original: { packets: 5, bytes: 500 }, reply: { packets: 4, bytes: 4000 } };
  book.note(WEB, { type: 'update', flow: grown(flow, 'time-wait', flowStatus.assured) }, 3000);
  for (const { namespace, flow: closing, count } of book.closing()) {
    assert.equal(namespace, WEB);
    count({ ...closing, counters });
  }
  const { news, ended } = book.settle(3200);
  assert.deepEqual(news, ended);
  assert.deepEqual(news, [
    {
      id: 1,
      time: 1000,
      protocol: 'tcp',
      from: { kind: 'container', name: 'web', address: web, port: 4000 },
      to: { kind: 'container', name: 'db', address: db, port: 80 },
      networks: ['app'],
      verdict: 'closed',
      duration: 2000,
      sent: counters.original,
      received: counters.reply,
    },
  ]);
  book.note(WEB, { type: 'destroy', flow: grown(flow, 'time-wait') }, 120_000);
  assert.deepEqual(book.settle(120_100), { news: [], ended: [] });
  assert.deepEqual(book.reports(120_200), []);
});

test('what several namespaces see is one flow, and the host knows what was translated', () => {
  const { book } = bookOf();
  const asked = tcp([remote, 5000], [host, 8080]);
  const inHost = { ...asked, reply: tcp([db, 80], [remote, 5000]).original };
  const inside = tcp([remote, 5000], [db, 80]);
  for (const [place, flow] of [
    [DB, inside],
    [HOST, inHost],
  ] as const) {
    book.note(place, { type: 'new', flow }, 0);
    book.note(place, { type: 'update', flow: grown(flow, 'established') }, 1);
  }
  const [report, ...others] = book.settle(2).news;
  assert.deepEqual(others, []);
  assert.deepEqual(report?.from, { kind: 'outside', address: remote, port: 5000 });
  assert.equal(report?.to.name, 'db');
  assert.deepEqual(report?.asked, { address: host, port: 8080 });
  assert.equal(report?.seenAs, undefined);
});

test('a masqueraded asker is told with what others take it for', () => {
  const { book } = bookOf();
  const plain = tcp([web, 4000], [remote, 443]);
  const masked = { ...plain, id: 99, reply: tcp([remote, 443], [host, 6000]).original };
  book.note(WEB, { type: 'new', flow: plain }, 0);
  book.note(HOST, { type: 'new', flow: masked }, 0);
  book.note(HOST, { type: 'update', flow: grown(masked, 'established') }, 1);
  const [report] = book.settle(2).news;
  assert.equal(report?.from.name, 'web');
  assert.deepEqual(report?.seenAs, { address: host, port: 6000 });
});

const endings: [name: string, change: Partial<Flow>, hasEnded: boolean, verdict: string][] = [
  ['a reset as the first answer', { tcpState: 'close' }, true, 'refused'],
  [
    'a reset by the asker alone',
    {
      tcpState: 'close',
      counters: { original: { packets: 2, bytes: 80 }, reply: { packets: 0, bytes: 0 } },
    },
    true,
    'unanswered',
  ],
  ['a reset later', { tcpState: 'close', status: flowStatus.seenReply | flowStatus.assured }, true, 'reset'],
  ['an end in the middle', { tcpState: 'established', status: flowStatus.seenReply }, true, 'forgotten'],
  ['an end without any answer', { tcpState: 'syn-sent' }, true, 'unanswered'],
  ['half a close that was forgotten', { tcpState: 'last-ack', status: flowStatus.seenReply }, true, 'closed'],
];

for (const [name, change, hasEnded, verdict] of endings) {
  test(`${name} is ${verdict}`, () => {
    const { book } = bookOf();
    const flow = tcp([web, 4000], [db, 80]);
    book.note(WEB, { type: 'new', flow }, 0);
    book.note(WEB, { type: hasEnded ? 'destroy' : 'update', flow: { ...flow, ...change } }, 1);
    assert.deepEqual(verdicts(book.settle(2).news), [verdict]);
  });
}

test('after three seconds without an answer that is told once, and an answer later as well', () => {
  const { book } = bookOf();
  const flow = tcp([web, 4000], [remote, 80]);
  book.note(WEB, { type: 'new', flow }, 0);
  assert.deepEqual(verdicts(book.settle(2900).news), []);
  assert.deepEqual(verdicts(book.settle(3100).news), ['unanswered']);
  assert.deepEqual(verdicts(book.settle(3300).news), []);
  assert.deepEqual(verdicts(book.reports(3400)), ['unanswered']);
  book.note(WEB, { type: 'update', flow: grown(flow, 'established') }, 3500);
  assert.deepEqual(verdicts(book.settle(3600).news), ['established']);
});

test('a packet that was dropped before any answer says what became of its flow', () => {
  const { book } = bookOf();
  book.note(WEB, { type: 'new', flow: tcp([web, 4000], [db, 80]) }, 0);
  book.noteDrop({ header: header(), place: 'host', reason: 'NETFILTER_DROP' }, 1);
  const [report] = book.settle(2).news;
  assert.equal(report?.verdict, 'dropped');
  assert.equal(report?.reason, 'NETFILTER_DROP in host');
});

test('a flow of which nobody keeps track is told by its drop, and its repetitions are the same', () => {
  const { book } = bookOf();
  const drop = { header: header({ source: remote, destination: db }), place: 'host', reason: 'NETFILTER_DROP' };
  book.noteDrop(drop, 0);
  const { news, ended } = book.settle(1);
  assert.deepEqual([news.length, ended.length, news[0]?.protocol], [1, 1, 'tcp']);
  book.noteDrop(drop, 1000);
  assert.deepEqual(book.settle(1100).news, []);
  book.settle(61_000);
  book.noteDrop(drop, 62_000);
  assert.equal(book.settle(62_100).news.length, 1);
});

test('drops of answers, of later packets and inside a machine tell nothing about a flow', () => {
  const { book } = bookOf();
  const local = parseIpAddress('127.0.0.1');
  for (const change of [
    { flags: ['ACK'] },
    { flags: ['SYN', 'ACK'] },
    { source: local, destination: local },
    { protocol: 1, type: 3 },
  ] satisfies Partial<PacketHeader>[]) {
    const { flags: _, ...rest } = header();
    book.noteDrop({ header: { ...rest, ...change }, place: 'host', reason: 'NETFILTER_DROP' }, 0);
  }
  assert.deepEqual(book.settle(1).news, []);
});

test('names are those of the time at which a flow was first seen', () => {
  const { book, world } = bookOf();
  const flow = tcp([web, 4000], [db, 80]);
  book.note(WEB, { type: 'new', flow }, 0);
  world.names = new FlowNames(directory({ another: web, db }), new Set([host]));
  book.note(WEB, { type: 'destroy', flow: grown(flow, 'established') }, 10);
  book.note(WEB, { type: 'new', flow: tcp([web, 4001], [db, 80]) }, 20);
  const names = [...book.settle(30).ended, ...book.reports(30)].map(({ from }) => from.name);
  assert.deepEqual(names, ['web', 'another']);
});

test('the same addresses and ports a second time are another flow', () => {
  const { book } = bookOf();
  const [first, second] = [tcp([web, 4000], [db, 80]), tcp([web, 4000], [db, 80])];
  book.note(WEB, { type: 'new', flow: first }, 0);
  book.note(WEB, { type: 'update', flow: grown(first, 'time-wait') }, 1);
  book.note(WEB, { type: 'new', flow: second }, 2);
  book.note(WEB, { type: 'update', flow: grown(second, 'established') }, 3);
  assert.deepEqual(
    book.settle(4).news.map(({ id, verdict }) => [id, verdict]),
    [
      [1, 'closed'],
      [2, 'established'],
    ],
  );
});

test('a namespace that is gone ends what only it knew', () => {
  const { book } = bookOf();
  const flow = tcp([web, 4000], [db, 80]);
  book.note(WEB, { type: 'new', flow }, 0);
  book.note(WEB, { type: 'update', flow: grown(flow, 'established') }, 1);
  book.settle(2);
  book.forgetNamespace(WEB);
  assert.deepEqual(verdicts(book.settle(3).ended), ['forgotten']);
});

test('there are never more flows than there is room for', () => {
  const { book } = bookOf(10);
  for (let port = 1; port <= 30; port++) book.note(WEB, { type: 'new', flow: tcp([web, port], [db, 80]) }, port);
  book.settle(40);
  assert.deepEqual(
    book.reports(41).map(({ from }) => from.port),
    [21, 22, 23, 24, 25, 26, 27, 28, 29, 30],
  );
});

test('a connection that is picked up in the middle is marked so', () => {
  const { book } = bookOf();
  book.note(DB, { type: 'new', flow: grown(tcp([db, 80], [web, 4000]), 'established') }, 0);
  assert.equal(book.settle(1).news[0]?.midway, true);
});

import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { ownSockets } from './exchange.ts';
import { Forwarder, type ForwardTiming } from './forwarder.ts';
import { decodeMessage, encodeMessage, type Message } from './message.ts';
import { layoutOf } from './message-layout.ts';
import { responseCode } from './record-type.ts';
import type { Upstream } from './upstream.ts';

/** Short waits, far enough apart to tell one from the other. */
const timing: ForwardTiming = { hedge: 40, retry: 100, patience: 150, deadline: 600 };
/** Where nobody but the first server is to be asked, however slow the machine is. */
const unhurried: ForwardTiming = { hedge: 10_000, retry: 10_000, patience: 10_000, deadline: 15_000 };

/** What a fake server does with its n-th query; nothing means silence. */
type Behaviour = (query: Message, count: number) => Partial<Message> | undefined;

interface FakeServer {
  readonly upstream: Upstream;
  readonly queries: Message[];
}

const addressed =
  (last: number, ttl = 60) =>
  (query: Message): Partial<Message> => ({
    answers: [
      { name: query.questions?.[0]?.name ?? '', ttl, data: { type: 'A', address: parseIpAddress(`192.0.2.${last}`) } },
    ],
  });
const failing = (code: number) => (): Partial<Message> => ({ code });
const silent: Behaviour = () => undefined;

function respond(query: Message, behaviour: Behaviour, count: number): Uint8Array | undefined {
  const response = behaviour(query, count);
  return response && encodeMessage({ id: query.id, response: true, questions: query.questions ?? [], ...response });
}

async function fakeServer(
  context: TestContext,
  overDatagrams: Behaviour,
  overStreams: Behaviour = silent,
): Promise<FakeServer> {
  const queries: Message[] = [];
  const { socket, server, port } = await listenOnBoth(context);
  socket.on('message', (octets, peer) => {
    const query = decodeMessage(octets);
    const response = respond(query, overDatagrams, queries.push(query));
    if (response !== undefined) socket.send(response, peer.port, peer.address);
  });
  server.on('connection', (connection) => {
    connection.on('data', (octets: Uint8Array) => {
      const query = decodeMessage(octets.subarray(2));
      const response = respond(query, overStreams, queries.push(query));
      if (response !== undefined)
        connection.end(Uint8Array.of(response.length >> 8, response.length & 255, ...response));
      else connection.destroy();
    });
    connection.on('error', () => {});
  });
  return { upstream: { address: '127.0.0.1', port }, queries };
}

/** A port that is free over UDP may be taken over TCP: then another one is tried. */
async function listenOnBoth(
  context: TestContext,
): Promise<{ readonly socket: dgram.Socket; readonly server: net.Server; readonly port: number }> {
  const server = net.createServer();
  context.after(() => server.close());
  for (;;) {
    const socket = dgram.createSocket('udp4');
    context.after(() => socket.close());
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    try {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      return { socket, server, port };
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    }
  }
}

function forwarderTo(...servers: readonly FakeServer[]): Forwarder {
  return forwarderWith(timing, ...servers);
}

function forwarderWith(timing: ForwardTiming, ...servers: readonly FakeServer[]): Forwarder {
  return new Forwarder({ upstreams: servers.map(({ upstream }) => upstream), sockets: ownSockets, timing });
}

async function ask(forwarder: Forwarder, name = 'example.org', transport: 'udp' | 'tcp' = 'udp'): Promise<Message> {
  const request = encodeMessage({ id: 7, recursionDesired: true, questions: [{ name, type: 1, class: 1 }] });
  return decodeMessage(await forwarder.forward(request, layoutOf(request), transport));
}

function lastOctet({ answers = [] }: Message): string | undefined {
  const [record] = answers;
  return record !== undefined && 'address' in record.data ? record.data.address.split('.')[3] : undefined;
}

test('the first server is asked and its answer given with our identifier and spelling', async (context) => {
  const [one, two] = [await fakeServer(context, addressed(1)), await fakeServer(context, addressed(2))];
  const upstreams = [one.upstream, two.upstream];
  const response = await ask(new Forwarder({ upstreams, sockets: ownSockets, timing: unhurried }), 'Example.ORG');
  assert.equal(lastOctet(response), '1');
  assert.equal(response.id, 7);
  assert.equal(response.questions?.[0]?.name, 'Example.ORG');
  assert.equal(response.recursionAvailable, true);
  assert.equal(two.queries.length, 0);
});

test('identifiers of queries are random', async (context) => {
  const server = await fakeServer(context, addressed(1));
  const forwarder = forwarderTo(server);
  for (let count = 0; count < 8; count++) await ask(forwarder, `name-${count}.org`);
  assert.ok(new Set(server.queries.map(({ id }) => id)).size > 4);
});

test('an answer is kept, and questions at the same time are asked once', async (context) => {
  const server = await fakeServer(context, addressed(1));
  const forwarder = forwarderTo(server);
  await Promise.all([ask(forwarder), ask(forwarder, 'EXAMPLE.org'), ask(forwarder)]);
  assert.equal(server.queries.length, 1);
  const request = encodeMessage({
    id: 9,
    recursionDesired: true,
    questions: [{ name: 'example.ORG', type: 1, class: 1 }],
  });
  const cached = forwarder.cached(request, layoutOf(request));
  assert.ok(cached);
  assert.equal(decodeMessage(cached).id, 9);
  assert.equal(decodeMessage(cached).questions?.[0]?.name, 'example.ORG');
});

for (const code of [responseCode.serverFailure, responseCode.refused]) {
  test(`code ${code} makes the next server be asked at once`, async (context) => {
    const [one, two] = [await fakeServer(context, failing(code)), await fakeServer(context, addressed(2))];
    assert.equal(lastOctet(await ask(forwarderTo(one, two))), '2');
    assert.equal(one.queries.length, 1);
  });
}

test('a denial is final', async (context) => {
  const [one, two] = [
    await fakeServer(context, failing(responseCode.nameError)),
    await fakeServer(context, addressed(2)),
  ];
  assert.equal((await ask(forwarderTo(one, two))).code, responseCode.nameError);
  assert.equal(two.queries.length, 0);
});

test('a server that nobody runs is passed over at once', async (context) => {
  const gone = await fakeServer(context, silent);
  const two = await fakeServer(context, addressed(2));
  const nobody = { upstream: { address: '127.0.0.1', port: 1 }, queries: [] };
  assert.equal(lastOctet(await ask(forwarderTo(nobody, two, gone))), '2');
  assert.equal(gone.queries.length, 0);
});

test('while the first server is silent the second is asked', async (context) => {
  const [one, two] = [await fakeServer(context, silent), await fakeServer(context, addressed(2))];
  assert.equal(lastOctet(await ask(forwarderTo(one, two))), '2');
  assert.equal(one.queries.length, 1);
});

test('a denial from the second server waits for the first', async (context) => {
  const slow: FakeServer = await fakeServer(context, (query, count) => (count < 2 ? undefined : addressed(1)(query)));
  const two = await fakeServer(context, failing(responseCode.nameError));
  const patient = { ...timing, patience: 10_000, deadline: 15_000 };
  assert.equal(lastOctet(await ask(forwarderWith(patient, slow, two))), '1');
});

test('a denial from the second server is given when the first stays silent', async (context) => {
  const [one, two] = [await fakeServer(context, silent), await fakeServer(context, failing(responseCode.nameError))];
  assert.equal((await ask(forwarderTo(one, two))).code, responseCode.nameError);
});

test('a lost query is sent again', async (context) => {
  const server = await fakeServer(context, (query, count) => (count === 1 ? undefined : addressed(1)(query)));
  assert.equal(lastOctet(await ask(forwarderTo(server))), '1');
  assert.equal(server.queries.length, 2);
});

test('silence everywhere ends before the client gives up', async (context) => {
  const forwarder = forwarderTo(await fakeServer(context, silent), await fakeServer(context, silent));
  await assert.rejects(ask(forwarder), { code: 'unavailable' });
});

test('failures everywhere are told without waiting, and nobody is asked twice', async (context) => {
  const servers = [await fakeServer(context, failing(2)), await fakeServer(context, failing(5))];
  await assert.rejects(ask(forwarderTo(...servers)), { code: 'unavailable', message: 'no name server answered' });
  assert.deepEqual(
    servers.map(({ queries }) => queries.length),
    [1, 1],
  );
});

test('what is cut off over UDP is fetched over TCP', async (context) => {
  const server = await fakeServer(context, () => ({ truncated: true }), addressed(1));
  const response = await ask(forwarderTo(server));
  assert.equal(response.truncated, undefined);
  assert.equal(lastOctet(response), '1');
});

test('what is cut off stays so when TCP fails', async (context) => {
  const server = await fakeServer(context, (query) => ({ ...addressed(1)(query), truncated: true }));
  const response = await ask(forwarderTo(server));
  assert.equal(response.truncated, true);
  assert.equal(lastOctet(response), '1');
});

test('a client over TCP is asked for over TCP', async (context) => {
  const server = await fakeServer(context, addressed(1), addressed(2));
  assert.equal(lastOctet(await ask(forwarderTo(server), 'example.org', 'tcp')), '2');
});

test('a response with another identifier or question is not taken', async (context) => {
  const server = await fakeServer(context, (query, count) => {
    if (count === 1) return { ...addressed(66)(query), id: query.id ^ 1 };
    if (count === 2) return { ...addressed(66)(query), questions: [{ name: 'evil.org', type: 1, class: 1 }] };
    return addressed(1)(query);
  });
  const forwarder = forwarderTo(server, server);
  assert.equal(lastOctet(await ask(forwarder)), '1');
});

test('a response from another source is not taken', async (context) => {
  const spoofer = dgram.createSocket('udp4');
  context.after(() => spoofer.close());
  const victim = dgram.createSocket('udp4');
  victim.bind(0, '127.0.0.1');
  await once(victim, 'listening');
  context.after(() => victim.close());
  victim.on('message', (octets, peer) => {
    const query = decodeMessage(octets);
    const answerWith = (last: number) => respond(query, addressed(last), 1) ?? new Uint8Array();
    spoofer.send(answerWith(66), peer.port, peer.address, () => {
      setTimeout(() => victim.send(answerWith(1), peer.port, peer.address), 20);
    });
  });
  const upstream = { address: '127.0.0.1', port: victim.address().port };
  assert.equal(lastOctet(await ask(new Forwarder({ upstreams: [upstream], sockets: ownSockets, timing }))), '1');
});

test('malformed responses count as silence of that server', async (context) => {
  const broken = dgram.createSocket('udp4');
  broken.bind(0, '127.0.0.1');
  await once(broken, 'listening');
  context.after(() => broken.close());
  broken.on('message', (octets, peer) => {
    const query = decodeMessage(octets);
    const response = respond(query, addressed(66), 1) ?? new Uint8Array();
    broken.send(response.subarray(0, response.length - 3), peer.port, peer.address);
  });
  const two = await fakeServer(context, addressed(2));
  const upstreams = [{ address: '127.0.0.1', port: broken.address().port }, two.upstream];
  assert.equal(lastOctet(await ask(new Forwarder({ upstreams, sockets: ownSockets, timing }))), '2');
});

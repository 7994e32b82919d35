import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipFromBytes } from '@fairlead/base';
import fc from 'fast-check';
import { Directory } from './directory.ts';
import type { UpstreamSockets } from './exchange.ts';
import { Forwarder } from './forwarder.ts';
import { decodeMessage, encodeMessage, type Message } from './message.ts';
import { MAX_DATAGRAM_OCTETS, NameServer } from './name-server.ts';
import { recordType, responseCode } from './record-type.ts';

const noSockets: UpstreamSockets = {
  datagram: () => assert.fail('no socket expected'),
  stream: () => assert.fail('no socket expected'),
};

/** `web` has one address, `many` has forty. */
function sample(): { server: NameServer; directory: Directory } {
  const directory = new Directory();
  const addresses = Array.from({ length: 40 }, (_, index) => ipFromBytes(Uint8Array.of(10, 0, 0, index)));
  directory.setEndpoint({
    id: 'a',
    sandbox: 's',
    network: 'n',
    addresses: addresses.slice(0, 1),
    containerName: 'web',
  });
  directory.setEndpoint({ id: 'b', sandbox: 't', network: 'n', addresses, containerName: 'many' });
  const server = new NameServer({
    view: directory.view('s'),
    get generation() {
      return directory.generation;
    },
    options: { ttl: 0, ndotsSet: false },
    forwarder: undefined,
  });
  return { server, directory };
}

const question = (name: string, type = 1) => ({ name, type, class: 1 });

function ask(server: NameServer, query: Partial<Message> | Uint8Array): Message | undefined {
  const octets = query instanceof Uint8Array ? query : encodeMessage({ id: 1, recursionDesired: true, ...query });
  const slot = new Uint8Array(MAX_DATAGRAM_OCTETS);
  slot.set(octets);
  const length = server.answerDatagram(slot, octets.length, () => assert.fail('an answer at once'));
  return length === 0 ? undefined : decodeMessage(slot.subarray(0, length));
}

const addressesOf = (message: Message | undefined) =>
  (message?.answers ?? []).map(({ data }) => ('address' in data ? data.address : ''));

test('a local answer has RA, the flags of the question and TTL 0, and is not authoritative', () => {
  const response = ask(sample().server, { id: 77, questions: [question('Web')], checkingDisabled: true });
  assert.deepEqual(response, {
    id: 77,
    response: true,
    recursionDesired: true,
    recursionAvailable: true,
    checkingDisabled: true,
    opcode: 0,
    code: 0,
    questions: [question('Web')],
    answers: [{ name: 'Web', ttl: 0, data: { type: 'A', address: '10.0.0.0' } }],
    authorities: [],
    additionals: [],
  });
});

/** `shop` is served by so many containers. */
function shop(count: number): NameServer {
  const { server, directory } = sample();
  for (let port = 1; port <= count; port++) {
    directory.setEndpoint({
      id: `shop${port}`,
      network: 'n',
      addresses: [ipFromBytes(Uint8Array.of(10, 0, 1, port))],
      containerName: `shop${port}`,
      aliases: ['shop'],
      services: [{ service: 'http', protocol: 'tcp', port }],
    });
  }
  return server;
}

test('services come in another order each time, with their addresses where there is room', () => {
  const server = shop(12);
  const questions = [question('_http._tcp.shop', recordType.SRV)];
  const first = new Set<unknown>();
  for (let attempt = 0; attempt < 200 && first.size < 12; attempt++) {
    const { answers = [], additionals = [] } = ask(server, { questions, edns: { payloadSize: 4096 } }) ?? {};
    assert.deepEqual([answers.length, additionals.length], [12, 12]);
    first.add(JSON.stringify(answers[0]));
  }
  assert.equal(first.size, 12);
});

test('services without room for their addresses come without them, and are cut off only where they do not fit themselves', () => {
  const server = shop(30);
  const questions = [question('_http._tcp.shop', recordType.SRV)];
  const room = ask(server, { questions, edns: { payloadSize: 1000 } });
  assert.deepEqual([room?.truncated ?? false, room?.answers?.length, room?.additionals?.length], [false, 30, 0]);
  assert.equal(ask(server, { questions })?.truncated, true);
});

test('the second answer is like the first but for the identifier', () => {
  const { server } = sample();
  const first = ask(server, { id: 1, questions: [question('web')] });
  const second = ask(server, { id: 2, questions: [question('web')] });
  assert.deepEqual({ ...second, id: 1 }, first);
  assert.equal(second?.id, 2);
});

test('a name that goes is not answered from what is ready', () => {
  const { server, directory } = sample();
  ask(server, { questions: [question('web')] });
  directory.removeEndpoint('a');
  assert.equal(ask(server, { questions: [question('web')] })?.code, responseCode.serverFailure);
});

test('several addresses come in changing order, all of them', () => {
  const { server } = sample();
  const query = { questions: [question('many')], edns: { payloadSize: 1232 } };
  const orders = Array.from({ length: 4 }, () => addressesOf(ask(server, query)));
  assert.ok(new Set(orders.map((order) => order.join())).size > 1);
  for (const order of orders) assert.equal(new Set(order).size, 40);
});

test('an answer beyond 512 octets is cut, one within the EDNS size is not', () => {
  const { server } = sample();
  const plain = ask(server, { questions: [question('many')] });
  assert.equal(plain?.truncated, true);
  assert.equal(plain?.answers?.length, 30);
  const extended = ask(server, { questions: [question('many')], edns: { payloadSize: 1232 } });
  assert.equal(extended?.truncated, undefined);
  assert.equal(extended?.answers?.length, 40);
  assert.equal(extended?.edns?.payloadSize, 1232);
});

test('an unknown name that cannot be forwarded is a server failure', () => {
  assert.equal(ask(sample().server, { questions: [question('example.org')] })?.code, responseCode.serverFailure);
});

test('without servers to ask an unknown name is a server failure', () => {
  const { directory } = sample();
  const forwarder = new Forwarder({ upstreams: [], sockets: noSockets });
  const source = { view: directory.view('s'), generation: 0, options: { ttl: 0, ndotsSet: false }, forwarder };
  assert.equal(ask(new NameServer(source), { questions: [question('example.org')] })?.code, responseCode.serverFailure);
});

test('a response is not answered', () => {
  assert.equal(ask(sample().server, { response: true, questions: [question('web')] }), undefined);
});

test('another opcode is not implemented', () => {
  assert.equal(ask(sample().server, { opcode: 5, questions: [question('web')] })?.code, responseCode.notImplemented);
});

for (const questions of [[], [question('web'), question('web', 28)]]) {
  test(`${questions.length} questions are a format error`, () => {
    assert.equal(ask(sample().server, { questions })?.code, responseCode.formatError);
  });
}

test('whatever arrives, the answer is a message or nothing', () => {
  const { server } = sample();
  const good = encodeMessage({ id: 1, questions: [question('web')], edns: { payloadSize: 4096 } });
  const harmed = fc
    .record({ at: fc.nat(good.length - 1), value: fc.nat(255), length: fc.nat(good.length) })
    .map(({ at, value, length }) => good.with(at, value).subarray(0, length));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), harmed), (octets) => {
      ask(server, octets);
    }),
    { numRuns: 2000 },
  );
});

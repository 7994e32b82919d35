import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Host } from '@fairlead/lab';
import { startFairlead } from '../lab/peer.ts';

/** Clients that are broken or mean: each gets an answer that blames it, and the daemon goes on. */

/** Milliseconds for an answer to begin, and for the end of a connection that the daemon may leave open. */
const patience = { answer: 20_000, end: 500 };

/** Bytes as they are; what comes back until the connection ends, or until nothing more comes. */
async function exchange(socketPath: string, bytes: string): Promise<string> {
  const socket = connect(socketPath);
  socket.write(bytes);
  const alarm = setTimeout(() => socket.destroy(), patience.answer);
  let answer = '';
  try {
    for await (const piece of socket) {
      if (answer === '') setTimeout(() => socket.destroy(), patience.end);
      answer += String(piece);
    }
  } catch {
    // Cut by the alarm or by the daemon: what has come is the answer.
  }
  clearTimeout(alarm);
  return answer;
}

function request(method: string, target: string, body?: string): string {
  const length =
    body === undefined ? '' : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
  return `${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${length}\r\n${body ?? ''}`;
}

const bodies = [
  '{',
  'null',
  '[]',
  '5',
  '{"Image":{}}',
  '{"Image":"busybox","Env":"x"}',
  '{"Image":"busybox","HostConfig":[]}',
  '{"Image":"busybox","HostConfig":{"PortBindings":{"99999/tcp":[{"HostPort":"1"}]}}}',
  '{"Image":"busybox","HostConfig":{"Memory":1e30}}',
  '{"Image":"busybox","HostConfig":{"Binds":["::::"]}}',
  '{"Image":"bad image"}',
  '{"__proto__":{"x":1}}',
  '{"Name":"","Driver":5}',
  '{"Container":"absent","EndpointConfig":5}',
  '{"Name":"x","IPAM":{"Config":[{"Subnet":"10.0.0.0/33"}]}}',
  '{"Cmd":"x"}',
  '{"ports":"80"}',
  '['.repeat(200_000),
  `{"Image":"x","Healthcheck":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
  `{"Image":"busybox","Env":["A=${'x'.repeat(9_000_000)}"]}`,
];
const posts = [
  '/containers/create',
  '/networks/create',
  '/networks/bridge/connect',
  '/networks/bridge/disconnect',
  '/containers/absent/exec',
  '/exec/absent/start',
  '/containers/absent/start',
  '/fairlead/containers/absent/ports',
];
const targets = [
  'GET /',
  'GET //',
  'GET /v/containers/json',
  'GET /v1.x/info',
  'GET /v999999999999999999.1/info',
  'PATCH /info',
  'GET /containers/%00/json',
  'GET /containers/..%2f..%2fjson',
  'GET /containers/json?limit=x',
  'GET /images/%F0%28/json',
  'GET /containers/json?filters={',
  'GET /containers/json?filters=[]',
  'GET /containers/json?filters={"status":["x"]}',
  'GET /containers/json?filters={"publish":["x"]}',
  'GET /networks?filters={"type":["x"]}',
  'GET /events?since=x',
  'GET /events?until=1&filters={"a":["b"]}',
  'POST /images/create?fromImage=BAD%20X',
  'DELETE /networks/bridge',
  'POST /containers/absent/resize?h=x&w=1',
  `POST /containers/create?name=${'x'.repeat(5000)}`,
  'OPTIONS *',
];
const hijack = 'Host: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n';
const wires = [
  'garbage\r\n\r\n',
  `GET /nowhere HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(100_000)}\r\n\r\n`,
  'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  `POST /containers/absent/attach HTTP/1.1\r\n${hijack}\r\n`,
  `POST /exec/absent/start HTTP/1.1\r\n${hijack}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{]`,
];

test('nothing that a client sends is answered as a fault of the daemon, or ends it', async () => {
  await using host = await Host.create();
  await using daemon = await startFairlead(host);
  const { pid, socketPath } = daemon;
  const all = [
    ...posts.flatMap((target) => bodies.map((body) => request('POST', target, body))),
    ...targets.map((line) => {
      const [method = '', target = ''] = [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)];
      return request(method, encodeURI(target).replaceAll('%25', '%'));
    }),
    ...wires,
  ];
  for (const bytes of all) {
    const answer = await exchange(socketPath, bytes);
    // Empty steps of a path are taken out of it first, as dockerd does.
    const refusal = /^HTTP\/1\.1 (4\d\d |301 .*\r\nLocation: )/s;
    assert.match(answer, refusal, `${bytes.slice(0, 200)}\n${answer.slice(-300)}`);
  }
  // Clients that leave in the middle of what they say.
  for (let count = 0; count < 20; count++) {
    const socket = connect(socketPath);
    socket.on('error', () => {});
    socket.write(
      'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
    );
    setTimeout(() => socket.destroy(), 20);
  }
  await sleep(200);
  assert.match(await exchange(socketPath, request('GET', '/_ping')), /^HTTP\/1\.1 200 /);
  assert.equal(daemon.pid, pid);
  assert.doesNotMatch(daemon.log(), /request failed/);
});

test('a client that is slow is waited for', async () => {
  await using host = await Host.create();
  await using daemon = await startFairlead(host);
  const socket = connect(daemon.socketPath);
  const answer = socket.toArray();
  for (const character of request('POST', '/networks/create', '{"Name":"slow"}')) {
    socket.write(character);
    await sleep(1);
  }
  assert.match((await answer).join(''), /^HTTP\/1\.1 201 /);
});

import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type IpAddress, parseIpAddress, relayEndpoint } from '@fairlead/base';
import { type Relay, ResolverClient } from '@fairlead/dns';
import { createNamespace, deleteNamespace, enterNamespace, namespacePath } from '@fairlead/kernel';
import { openDatagramSocket, openStreamSocket } from '@fairlead/kernel/sockets';
import { RelayService } from './relay.ts';

/**
 * A host with the real resolver process, a container that has only IPv4, and a neighbour on a wire: host 2001:db8::1,
 * neighbour 2001:db8::2, container 172.30.9.2.
 */
const [host, outside, box] = ['host', 'outside', 'box'].map((name) => `fl-test-relay-${process.pid}-${name}`) as [
  string,
  string,
  string,
];
const directory = mkdtempSync(join(tmpdir(), 'fl-relay-'));
const socketPath = join(directory, 'control.sock');
const container = parseIpAddress('172.30.9.2');
const anyAddress = parseIpAddress('::');
const loopback = parseIpAddress('::1');
const hostAddress = parseIpAddress('2001:db8::1');

/** What `relayTable` of the firewall does, for all ports that the tests use. */
const rules = `table inet relay {
  chain relay {
    type filter hook prerouting priority -80
    fib daddr type != local return
    ip6 daddr ::/0 tcp dport 8000-9999 tproxy ip6 to [${relayEndpoint.address}]:${relayEndpoint.port}
    ip6 daddr ::/0 udp dport 8000-9999 tproxy ip6 to [${relayEndpoint.address}]:${relayEndpoint.port}
  }
}`;

let resolver: ChildProcess;
let control: ResolverClient;
const servers: { close(): unknown }[] = [];

function run(namespace: string, command: readonly string[], input = ''): string {
  return execFileSync('nsenter', [`--net=${namespacePath(namespace)}`, ...command], { encoding: 'utf8', input });
}

before(async () => {
  for (const name of [host, outside, box]) {
    createNamespace(name);
    run(name, ['sysctl', '-qw', 'net.ipv6.conf.all.accept_dad=0', 'net.ipv6.conf.default.accept_dad=0']);
    run(name, ['ip', 'link', 'set', 'lo', 'up']);
  }
  cable('wan', outside, '2001:db8::1/64', '2001:db8::2/64');
  cable('box0', box, '172.30.9.1/24', '172.30.9.2/24');
  // The kernel's own link-local addresses come up to a second later.
  run(host, ['ip', 'address', 'add', 'fe80::1/64', 'dev', 'wan']);
  run(outside, ['ip', 'address', 'add', 'fe80::2/64', 'dev', 'eth0']);
  run(host, ['nft', rules]);
  const main = join(import.meta.dirname, 'main.ts');
  const command = [`--net=${namespacePath(host)}`, process.execPath, main, '--socket', socketPath];
  resolver = spawn('nsenter', command, { stdio: 'ignore' });
  control = await ResolverClient.connectOrStart(socketPath, () => {});
  serveGreetings();
});

after(async () => {
  for (const server of servers) server.close();
  await control[Symbol.asyncDispose]();
  if (resolver.exitCode === null && resolver.kill('SIGTERM')) await once(resolver, 'exit');
  for (const name of [host, outside, box]) deleteNamespace(name);
  rmSync(directory, { recursive: true, force: true });
});

function cable(name: string, peer: string, own: string, other: string): void {
  run(host, ['ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', peer]);
  run(host, ['ip', 'address', 'add', own, 'dev', name]);
  run(host, ['ip', 'link', 'set', name, 'up']);
  run(peer, ['ip', 'address', 'add', other, 'dev', 'eth0']);
  run(peer, ['ip', 'link', 'set', 'eth0', 'up']);
}

/** A TCP server in the container; the address that it sees is its first word to everybody. */
function serve(port: number, connected: (socket: net.Socket) => void): void {
  const fd = enterNamespace(namespacePath(box), () => openStreamSocket({ family: 4, port, listen: true }));
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    connected(socket);
  });
  server.listen({ fd });
  servers.push(server);
}

function serveGreetings(): void {
  serve(80, (socket) => socket.end(`box sees ${socket.remoteAddress}\n`));
  const datagram = dgram.createSocket('udp4');
  datagram.on('message', (message, peer) =>
    datagram.send(`box sees ${peer.address}: ${message}`, peer.port, peer.address),
  );
  datagram.bind({ fd: enterNamespace(namespacePath(box), () => openDatagramSocket({ family: 4, port: 80 })) });
  servers.push(datagram);
}

function relay(first: number, containerFirst: number, more: Partial<Relay> = {}): Relay {
  return {
    protocol: 'tcp',
    hostAddress: anyAddress,
    first,
    last: first,
    containerAddress: container,
    containerFirst,
    ...more,
  };
}

/** Publish ports as the daemon does: hold them, then relay them. */
async function publish(owner: string, relays: readonly Relay[]): Promise<void> {
  const ports = relays.map(({ protocol, hostAddress: address, first, last }) => ({ protocol, address, first, last }));
  await control.call('reservePorts', { owner, ports });
  await control.call('setRelays', { owner, relays });
}

/** A first line, asked for with a tool that knows nothing of us: `refused` when there is none. */
async function ask(from: string, address: string, port: number, protocol: 'tcp' | 'udp'): Promise<string> {
  const script = `exec 3<>/dev/${protocol}/${address}/${port} && echo hello >&3 && head -n 1 <&3`;
  const command = [`--net=${namespacePath(from)}`, 'timeout', '2', 'bash', '-c', script];
  const child = spawn('nsenter', command, { stdio: ['ignore', 'pipe', 'ignore'] });
  let answer = '';
  child.stdout.on('data', (piece: Buffer) => {
    answer += piece;
  });
  await once(child, 'close');
  return answer.trim() || 'refused';
}

function connect(port: number, from = host, address: IpAddress = loopback): net.Socket {
  const fd = enterNamespace(namespacePath(from), () => openStreamSocket({ family: 6, port: 0 }));
  return new net.Socket({ fd, allowHalfOpen: true }).connect({ host: address, port });
}

/** The code with which a connection ends. */
async function failureOf(socket: net.Socket): Promise<string | undefined> {
  socket.resume();
  const [error]: (NodeJS.ErrnoException | undefined)[] = await Promise.race([
    once(socket, 'close').then(() => []),
    failed(socket),
  ]);
  return error?.code;
}

/** Everything up to the end; unlike `for await` it leaves the socket open for writing. */
async function readAll(socket: net.Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  await once(socket, 'end');
  return text;
}

function failed(socket: net.Socket): Promise<NodeJS.ErrnoException[]> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.ErrnoException[]>();
  socket.once('error', (error) => resolve([error]));
  return promise;
}

test('a container with IPv4 only answers at every IPv6 address of the host, to host and outside', async () => {
  const askers = [
    [host, '::1'],
    [host, '2001:db8::1'],
    [outside, '2001:db8::1'],
    [outside, 'fe80::1%eth0'],
  ] as const;
  const questions = askers.flatMap(([from, address]) => [
    ask(from, address, 8080, 'tcp'),
    ask(from, address, 8080, 'udp'),
  ]);
  assert.deepEqual(new Set(await Promise.all(questions)), new Set(['refused']));
  await publish('web', [relay(8080, 80), relay(8080, 80, { protocol: 'udp' })]);
  for (const [from, address] of askers) {
    assert.equal(await ask(from, address, 8080, 'tcp'), 'box sees 172.30.9.1', address);
    assert.equal(await ask(from, address, 8080, 'udp'), 'box sees 172.30.9.1: hello', address);
  }
  await control.call('releasePorts', { owner: 'web' });
  assert.equal(await ask(host, '::1', 8080, 'tcp'), 'refused');
  assert.equal(await ask(host, '::1', 8080, 'udp'), 'refused');
});

test('a port of one address is relayed at that address only', async () => {
  await publish('web', [relay(8081, 80, { hostAddress })]);
  assert.equal(await ask(outside, '2001:db8::1', 8081, 'tcp'), 'box sees 172.30.9.1');
  assert.equal(await ask(host, '::1', 8081, 'tcp'), 'refused');
  await control.call('releasePorts', { owner: 'web' });
});

test('the end of one direction leaves the other one open, on either side', async () => {
  serve(81, async (socket) => {
    const request = await readAll(socket);
    socket.end(`after the end: ${request}`);
  });
  serve(82, async (socket) => {
    socket.end('nothing more from here');
    received.resolve(await readAll(socket));
  });
  const received = Promise.withResolvers<string>();
  await publish('web', [relay(8080, 81, { last: 8081 })]);
  const first = connect(8080);
  first.end('request');
  assert.equal(await readAll(first), 'after the end: request');
  const second = connect(8081);
  assert.equal(await readAll(second), 'nothing more from here');
  second.end('but from here');
  assert.equal(await received.promise, 'but from here');
  await control.call('releasePorts', { owner: 'web' });
});

test('much data arrives whole, also where the reader is slower than the writer', async () => {
  serve(83, (socket) => socket.pipe(socket));
  await publish('web', [relay(8080, 83)]);
  const data = randomBytes(8 * 1024 * 1024);
  const socket = connect(8080, outside, hostAddress);
  socket.end(data);
  const received = createHash('sha256');
  for await (const chunk of socket) {
    received.update(chunk);
    await new Promise(setImmediate);
  }
  assert.equal(received.digest('hex'), createHash('sha256').update(data).digest('hex'));
  await control.call('releasePorts', { owner: 'web' });
});

test('datagrams of each client go their own way, also large ones', async () => {
  await publish('dns', [relay(8053, 80, { protocol: 'udp' })]);
  const clients = Array.from({ length: 3 }, () => {
    const socket = dgram.createSocket('udp6');
    socket.bind({ fd: enterNamespace(namespacePath(outside), () => openDatagramSocket({ family: 6, port: 0 })) });
    return socket;
  });
  const texts = ['a', 'b'.repeat(1400), 'c'.repeat(20_000)];
  const answers = clients.map(async (client) => `${(await once(client, 'message'))[0]}`);
  clients.forEach((client, index) => client.send(texts[index] ?? '', 8053, hostAddress));
  assert.deepEqual(
    await Promise.all(answers),
    texts.map((text) => `box sees 172.30.9.1: ${text}`),
  );
  for (const client of clients) client.close();
  await control.call('releasePorts', { owner: 'dns' });
});

test('a container that refuses, and a port without a relay, reset the client', async () => {
  await publish('web', [relay(8080, 9)]);
  assert.equal(await failureOf(connect(8080)), 'ECONNRESET');
  assert.equal(await failureOf(connect(8099)), 'ECONNRESET');
  await control.call('releasePorts', { owner: 'web' });
});

test('a failure on one side is a failure on the other', async () => {
  const arrived = Promise.withResolvers<net.Socket>();
  serve(84, (socket) => arrived.resolve(socket));
  await publish('web', [relay(8080, 84)]);
  const client = connect(8080);
  const socket = await arrived.promise;
  const failure = failureOf(socket);
  await once(client.write('x') ? socket : client, 'data');
  client.resetAndDestroy();
  assert.equal(await failure, 'ECONNRESET');
  await control.call('releasePorts', { owner: 'web' });
});

test('connections end with their relay, and their port can be held again at once; others go on', async () => {
  serve(85, (socket) => socket.pipe(socket));
  const [kept, ended] = [relay(8080, 85), relay(8081, 85)];
  await publish('web', [kept, ended]);
  const [first, second] = [connect(8080), connect(8081)];
  for (const socket of [first, second]) {
    socket.write('x');
    await once(socket, 'data');
  }
  const failure = failureOf(second);
  await control.call('setRelays', { owner: 'web', relays: [kept] });
  assert.equal(await failure, 'ECONNRESET');
  first.write('x');
  await once(first, 'data');
  const last = failureOf(first);
  await control.call('releasePorts', { owner: 'web' });
  assert.equal(await last, 'ECONNRESET');
  await publish('again', [kept]);
  await control.call('releasePorts', { owner: 'again' });
});

test('a port whose connections were closed properly can be held again', async () => {
  await publish('web', [relay(8080, 80)]);
  const socket = connect(8080);
  await readAll(socket);
  socket.end();
  await once(socket, 'close');
  await control.call('releasePorts', { owner: 'web' });
  await publish('again', [relay(8080, 80)]);
  await control.call('releasePorts', { owner: 'again' });
});

test('a thousand ports: set twice, listed, the first and the last of them used', async () => {
  const relays = Array.from({ length: 1000 }, (_, index) => relay(9000 + index, 80));
  await publish('many', relays);
  await control.call('setRelays', { owner: 'many', relays });
  for (const port of [9000, 9999]) assert.equal(await ask(outside, '2001:db8::1', port, 'tcp'), 'box sees 172.30.9.1');
  assert.deepEqual((await control.call('list', {})).relays, [{ owner: 'many', relays }]);
  await control.call('releasePorts', { owner: 'many' });
  assert.deepEqual((await control.call('list', {})).relays, []);
});

test('a long range of UDP ports answers from the port that was asked, and gives all of them back', async () => {
  await publish('media', [relay(9000, 30, { protocol: 'udp', last: 9299 })]);
  for (const address of ['::1', '::1'])
    assert.equal(await ask(host, address, 9050, 'udp'), 'box sees 172.30.9.1: hello');
  await control.call('releasePorts', { owner: 'media' });
  await publish('next', [relay(9050, 80, { protocol: 'udp' })]);
  assert.equal(await ask(host, '::1', 9050, 'udp'), 'box sees 172.30.9.1: hello');
  await control.call('releasePorts', { owner: 'next' });
});

test('what cannot be relayed is refused', async () => {
  const relays = [relay(8080, 80, { hostAddress: parseIpAddress('127.0.0.1') })];
  await assert.rejects(control.call('setRelays', { owner: 'web', relays }), { code: 'invalid-argument' });
});

test('a second relay in the same namespace is refused', () => {
  using second = new RelayService(() => undefined);
  const set = () => second.set({ owner: 'web', relays: [relay(8080, 80)] });
  assert.throws(() => enterNamespace(namespacePath(host), set), { code: 'conflict' });
});

test('nobody reaches the relay by its own address', async () => {
  await publish('web', [relay(8080, 80)]);
  run(outside, ['ip', 'route', 'add', `${relayEndpoint.address}/128`, 'via', '2001:db8::1']);
  assert.equal(await ask(outside, relayEndpoint.address, relayEndpoint.port, 'tcp'), 'refused');
  assert.equal(await ask(host, relayEndpoint.address, relayEndpoint.port, 'tcp'), 'refused');
  await control.call('releasePorts', { owner: 'web' });
});

import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Family, type IpAddress, nameServerAddress, parseIpAddress } from '@fairlead/base';
import { decodeMessage, encodeMessage, type Message, PortError, ResolverClient, recordType } from '@fairlead/dns';
import { createNamespace, deleteNamespace, enterNamespace, makeFifo } from '@fairlead/kernel';
import { closeDescriptor, openDatagramSocket, openStreamSocket } from '@fairlead/kernel/sockets';

const namespace = `fl-test-resolver-${process.pid}`;
const namespacePath = `/run/netns/${namespace}`;
const directory = mkdtempSync(join(tmpdir(), 'fl-resolver-'));
const socketPath = join(directory, 'control.sock');
const loopback = parseIpAddress('127.0.0.1');

let child: ChildProcess;

function startResolver(): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), '--socket', socketPath], { stdio: 'ignore' });
}

before(() => {
  createNamespace(namespace);
  execFileSync('nsenter', [`--net=${namespacePath}`, 'ip', 'link', 'set', 'lo', 'up']);
  child = startResolver();
});

after(async () => {
  if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit');
  deleteNamespace(namespace);
  rmSync(directory, { recursive: true, force: true });
});

function connect(): Promise<ResolverClient> {
  return ResolverClient.connectOrStart(socketPath, () => {});
}

/** Milliseconds until a client asks again, and until it gives up (resolv.conf(5): more, and less often). */
const patience = { repeat: 1000, all: 30_000 };

/** Ask over UDP from inside the namespace, again as every client does: a new address is usable a moment later. */
async function ask(port: number, name: string, family: Family = 4): Promise<Message> {
  const descriptor = enterNamespace(namespacePath, () => openDatagramSocket({ family, port: 0 }));
  const socket = dgram.createSocket(`udp${family}`);
  socket.bind({ fd: descriptor });
  const received = once(socket, 'message', { signal: AbortSignal.timeout(patience.all) });
  const send = () => socket.send(query(name, recordType.A), port, nameServerAddress[family]);
  send();
  const again = setInterval(send, patience.repeat);
  try {
    const [response]: [Uint8Array] = (await received) as [Uint8Array];
    return decodeMessage(response);
  } finally {
    clearInterval(again);
    socket.close();
  }
}

function query(name: string, type: number): Uint8Array {
  return encodeMessage({ id: 4711, recursionDesired: true, questions: [{ name, type, class: 1 }] });
}

function addressesOf(message: Message): string[] {
  return (message.answers ?? []).map(({ data }) => ('address' in data ? data.address : data.type));
}

test('a sandbox is answered over UDP inside its namespace', async () => {
  await using resolver = await connect();
  await resolver.call('setNetwork', { id: 'n1', name: 'front' });
  const { udpPort } = await resolver.call('openSandbox', { id: 's1', namespacePath, forward: false });
  const address = parseIpAddress('172.18.0.2');
  await resolver.call('setEndpoint', {
    id: 'e1',
    sandbox: 's1',
    network: 'n1',
    addresses: [address],
    containerName: 'web',
    aliases: ['www'],
  });
  assert.deepEqual(addressesOf(await ask(udpPort, 'WEB')), ['172.18.0.2']);
  assert.deepEqual(addressesOf(await ask(udpPort, 'www.front')), ['172.18.0.2']);
  await resolver.call('removeEndpoint', { id: 'e1' });
  assert.equal((await ask(udpPort, 'web')).code, 2);
});

test('a sandbox is answered by IPv6 from when it is asked for, before the address is there and after', async () => {
  await using resolver = await connect();
  const settings = { id: 's6', namespacePath, forward: false };
  const first = await resolver.call('openSandbox', settings);
  assert.equal(first.ipv6, undefined);
  const ports = await resolver.call('openSandbox', { ...settings, servesIpv6: true });
  assert.ok(ports.ipv6);
  assert.deepEqual({ ...first, ipv6: ports.ipv6 }, ports);
  const lo = [`--net=${namespacePath}`, 'ip', 'address', 'add', `${nameServerAddress[6]}/128`, 'dev', 'lo'];
  execFileSync('nsenter', lo);
  assert.equal((await ask(ports.ipv6.udpPort, 'nobody', 6)).code, 2);
  assert.deepEqual(await resolver.call('openSandbox', settings), ports, 'once begun it goes on');
  await resolver.call('closeSandbox', { id: 's6' });
});

test('opening a sandbox again keeps its ports', async () => {
  await using resolver = await connect();
  const settings = { id: 's2', namespacePath, forward: true };
  const ports = await resolver.call('openSandbox', settings);
  assert.deepEqual(await resolver.call('openSandbox', { ...settings, forward: false }), ports);
  await resolver.call('closeSandbox', { id: 's2' });
  assert.deepEqual(await resolver.call('openSandbox', { ...settings, previousPorts: ports }), ports);
});

test('a sandbox is answered over TCP', async () => {
  await using resolver = await connect();
  const { tcpPort } = await resolver.call('openSandbox', { id: 's1', namespacePath, forward: false });
  await resolver.call('setNetwork', { id: 'n1', name: 'front' });
  await resolver.call('setEndpoint', {
    id: 'e1',
    sandbox: 's1',
    network: 'n1',
    addresses: [parseIpAddress('172.18.0.2')],
    containerName: 'web',
  });
  const fd = enterNamespace(namespacePath, () => openStreamSocket({ family: 4, port: 0 }));
  const socket = new net.Socket({ fd });
  socket.connect({ host: nameServerAddress[4], port: tcpPort });
  const request = query('web', recordType.A);
  socket.write(Uint8Array.of(0, request.length, ...request));
  const [response]: [Uint8Array] = (await once(socket, 'data')) as [Uint8Array];
  socket.destroy();
  assert.deepEqual(addressesOf(decodeMessage(response.subarray(2))), ['172.18.0.2']);
});

test('servers of the sandbox are asked from inside its namespace, over UDP and then TCP', async () => {
  await using resolver = await connect();
  const upstreamDescriptor = enterNamespace(namespacePath, () =>
    openDatagramSocket({ family: 4, address: loopback, port: 0 }),
  );
  const upstream = dgram.createSocket('udp4');
  upstream.bind({ fd: upstreamDescriptor });
  const port = upstream.address().port;
  const streamDescriptor = enterNamespace(namespacePath, () =>
    openStreamSocket({ family: 4, address: loopback, port, listen: true }),
  );
  const reply = (request: Uint8Array, truncated: boolean) => {
    const { id, questions = [] } = decodeMessage(request);
    const record = {
      name: questions[0]?.name ?? '',
      ttl: 60,
      data: { type: 'A', address: '192.0.2.1' as IpAddress },
    } as const;
    return encodeMessage({ id, response: true, truncated, questions, answers: truncated ? [] : [record] });
  };
  upstream.on('message', (request, peer) => upstream.send(reply(request, true), peer.port, peer.address));
  const server = net.createServer((socket) => {
    socket.on('data', (bytes: Uint8Array) => {
      const response = reply(bytes.subarray(2), false);
      socket.end(Uint8Array.of(0, response.length, ...response));
    });
  });
  server.listen({ fd: streamDescriptor });
  try {
    const { udpPort } = await resolver.call('openSandbox', {
      id: 's3',
      namespacePath,
      forward: false,
      sandboxUpstreams: [`127.0.0.1:${port}`],
    });
    assert.deepEqual(addressesOf(await ask(udpPort, 'example.org')), ['192.0.2.1']);
  } finally {
    upstream.close();
    server.close();
  }
});

test('a second process for the same path ends with status 3', async () => {
  await using resolver = await connect();
  const second = startResolver();
  const [status]: number[] = await once(second, 'exit');
  assert.equal(status, 3);
  assert.equal((await resolver.call('ping', {})).pid, child.pid);
});

test('a port that another process has is refused with errno and port', async () => {
  await using resolver = await connect();
  const taken = net.createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const bound = taken.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const ports = [{ protocol: 'tcp', address: loopback, first: port, last: port }] as const;
  try {
    await assert.rejects(resolver.call('reservePorts', { owner: 'c1', ports }), (error) => {
      assert.ok(error instanceof PortError);
      assert.deepEqual(error.port, { errno: 'EADDRINUSE', protocol: 'tcp', address: '127.0.0.1', port });
      assert.equal(error.message, `failed to bind host port 127.0.0.1:${port}/tcp: address already in use`);
      return true;
    });
  } finally {
    taken.close();
  }
  await resolver.call('reservePorts', { owner: 'c1', ports });
  assert.throws(() =>
    closeDescriptor(openStreamSocket({ family: 4, address: loopback, port, reuseAddress: true, listen: true })),
  );
  await resolver.call('releasePorts', { owner: 'c1' });
});

test('list tells everything', async () => {
  await using resolver = await connect();
  await resolver.call('setNetwork', { id: 'n9', name: 'back' });
  const contents = await resolver.call('list', {});
  assert.ok(contents.networks.some(({ id, name }) => id === 'n9' && name === 'back'));
  assert.ok(contents.sandboxes.some(({ id, udpPort }) => id === 's1' && udpPort > 0));
  assert.deepEqual(contents.reservations, []);
});

test('a held pipe keeps its writer alive, and is let go', async () => {
  await using resolver = await connect();
  const path = join(directory, 'output');
  makeFifo(path, 0o600);
  const openWriter = () => openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  assert.throws(openWriter, { code: 'ENXIO' }, 'nobody reads');
  await resolver.call('holdFile', { path });
  await resolver.call('holdFile', { path });
  closeSync(openWriter());
  await resolver.call('releaseFile', { path });
  assert.throws(openWriter, { code: 'ENXIO' });
  await assert.rejects(resolver.call('holdFile', { path: `${path}.none` }), { code: 'not-found' });
});

test('a sandbox whose namespace was made anew gets new sockets there', async () => {
  await using resolver = await connect();
  const name = `${namespace}-again`;
  const path = `/run/netns/${name}`;
  const create = () => {
    createNamespace(name);
    execFileSync('nsenter', [`--net=${path}`, 'ip', 'link', 'set', 'lo', 'up']);
  };
  const boundInside = () => execFileSync('nsenter', [`--net=${path}`, 'ss', '-Hlun', 'src', '127.0.0.11']).toString();
  try {
    create();
    const settings = { id: 's4', namespacePath: path, forward: false };
    const { udpPort } = await resolver.call('openSandbox', settings);
    assert.match(boundInside(), new RegExp(`127\\.0\\.0\\.11:${udpPort}\\b`));
    deleteNamespace(name);
    create();
    assert.equal(boundInside(), '');
    const again = await resolver.call('openSandbox', settings);
    assert.match(boundInside(), new RegExp(`127\\.0\\.0\\.11:${again.udpPort}\\b`));
    await resolver.call('closeSandbox', { id: 's4' });
    assert.equal(boundInside(), '');
    await assert.rejects(resolver.call('openSandbox', { ...settings, namespacePath: '/run/netns/none' }), {
      code: 'not-found',
    });
  } finally {
    deleteNamespace(name);
  }
});

test('servers of the host are those of setUpstreams, now and later, unless forwarding is off', async () => {
  await using resolver = await connect();
  const upstream = dgram.createSocket('udp4');
  upstream.bind(0, '127.0.0.1');
  await once(upstream, 'listening');
  upstream.on('message', (request, peer) => {
    const { id, questions = [] } = decodeMessage(request);
    upstream.send(encodeMessage({ id, response: true, code: 3, questions }), peer.port, peer.address);
  });
  try {
    const settings = { id: 's5', namespacePath, forward: true };
    const { udpPort } = await resolver.call('openSandbox', settings);
    assert.equal((await ask(udpPort, 'example.org')).code, 2, 'no servers yet');
    await resolver.call('setUpstreams', { upstreams: [`127.0.0.1:${upstream.address().port}`] });
    assert.equal((await ask(udpPort, 'example.org')).code, 3);
    await resolver.call('openSandbox', { ...settings, forward: false });
    assert.equal((await ask(udpPort, 'example.org')).code, 2, 'internal');
    await resolver.call('openSandbox', { ...settings, forward: false, ndots: 1 });
    assert.equal((await ask(udpPort, 'single')).code, 0, 'ndots');
  } finally {
    await resolver.call('setUpstreams', { upstreams: [] });
    upstream.close();
  }
});

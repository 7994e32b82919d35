import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { codeOf, silentLogger } from '@fairlead/base';
import { waitBefore } from './back-off.ts';
import type { ManagedPlugin } from './managed/managed-plugin.ts';
import { PluginClient } from './plugin-client.ts';
import { PluginAbsence, PluginSilence, PluginUnfit } from './plugin-error.ts';
import { PluginRegistry } from './plugin-registry.ts';

const folder = mkdtempSync(join(tmpdir(), 'fairlead-plugin-'));
const servers: Server[] = [];

after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true });
});

async function listen(
  name: string,
  handle: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<string> {
  const path = join(folder, `${name}.sock`);
  const server = createServer(handle);
  servers.push(server);
  await new Promise<void>((listening) => server.listen(path, listening));
  return path;
}

function client(path: string, answering = 5): PluginClient {
  return new PluginClient({ kind: 'unix', path }, { connecting: 0, answering }, silentLogger);
}

test('attempts to connect come after 1, 2, 4 and 8 seconds, as with Docker, and end within half a minute', () => {
  const waits = [];
  for (let elapsed = 0, attempts = 0; ; attempts++) {
    const wait = waitBefore(attempts, elapsed);
    if (wait === undefined) break;
    waits.push(wait);
    elapsed += wait;
  }
  assert.deepEqual(waits, [1, 2, 4, 8]);
});

test('a call is a POST of JSON with the versioned type; one without a body has none', async () => {
  const seen: (string | undefined)[][] = [];
  const path = await listen('seen', async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    seen.push([request.method, request.url, request.headers.accept, request.headers['content-type'], body]);
    response.end('{"a": 1}');
  });
  assert.deepEqual(await client(path).call('X.Y', { b: 2 }), { a: 1 });
  await client(path).call('Plugin.Activate');
  const type = 'application/vnd.docker.plugins.v1.2+json';
  assert.deepEqual(seen, [
    ['POST', '/X.Y', type, type, '{"b":2}'],
    ['POST', '/Plugin.Activate', type, undefined, ''],
  ]);
});

const answers: readonly [what: string, status: number, body: string, message: string, code: string][] = [
  ['a status with a reason', 500, '{"Err":"why"}', 'X.Y: why', 'internal'],
  ['a status with a reason in small letters', 500, '{"err":"why"}', 'X.Y: why', 'internal'],
  ['a status with text', 400, 'because', 'X.Y: because', 'internal'],
  ['a status without a reason', 500, '{"Err":""}', 'X.Y: {"Err":""}', 'internal'],
  ['an unknown method', 404, 'no such page', 'X.Y: no such page', 'not-implemented'],
  ['nothing', 200, '', 'EOF', 'internal'],
  ['half of an answer', 200, '{"a":', 'unexpected EOF', 'internal'],
  ['no JSON', 200, 'oops', "invalid character 'o' looking for beginning of value", 'internal'],
];

for (const [index, [what, status, body, message, code]] of answers.entries()) {
  test(`${what} is an error in Docker's words`, async () => {
    const path = await listen(`answer${index}`, (_, response) => response.writeHead(status).end(body));
    await assert.rejects(client(path).call('X.Y'), (error: Error) => {
      assert.deepEqual([error.message, codeOf(error)], [message, code]);
      return true;
    });
  });
}

test('a plugin that cannot be reached, hangs or hangs up is silent, and says where', async () => {
  const gone = join(folder, 'gone.sock');
  const where = (path: string) => `Post "http://${encodeURIComponent(path)}/X.Y": `;
  const missing = `${where(gone)}dial unix ${gone}: connect: no such file or directory`;
  await assert.rejects(
    client(gone).call('X.Y'),
    (error) => error instanceof PluginSilence && error.message === missing,
  );
  const hanging = await listen('hanging', () => {});
  await assert.rejects(client(hanging, 0.05).call('X.Y'), /context deadline exceeded/);
  const rude = await listen('rude', (request) => request.socket.destroy());
  await assert.rejects(client(rude).call('X.Y'), (error: Error) => error.message === `${where(rude)}EOF`);
});

test('a plugin whose line is cut in the middle of its answer has not refused', async () => {
  const path = await listen('cut', (request, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('{"Err":', () => request.socket.destroy());
  });
  await assert.rejects(client(path).call('X.Y'), (error) => error instanceof PluginSilence);
  const slow = await listen('half', (_, response) => void response.writeHead(200).write('{"Err":'));
  await assert.rejects(client(slow, 0.1).call('X.Y'), (error) => error instanceof PluginSilence);
});

test('a call can be given up while a plugin hangs, while it is waited for, and before', async () => {
  let closed = 0;
  const hanging = await listen('stuck', (request) => request.socket.once('close', () => (closed += 1)));
  const patient = (path: string) =>
    new PluginClient({ kind: 'unix', path }, { connecting: 30, answering: 60 }, silentLogger);
  for (const path of [hanging, join(folder, 'nobody.sock')]) {
    const call = patient(path).call('X.Y', {}, { signal: AbortSignal.timeout(50) });
    await assert.rejects(call, (error) => error instanceof PluginSilence);
  }
  await assert.rejects(patient(hanging).call('X.Y', {}, { signal: AbortSignal.abort() }), /context canceled/);
  while (closed === 0) await new Promise((done) => setImmediate(done));
});

test('who gives up waiting for what a plugin is does so alone', async () => {
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  await listen('slowly', async (_, response) => {
    await answered;
    response.end('{"Implements":["NetworkDriver"]}');
  });
  const registry = new PluginRegistry({ sockets: folder, specs: [] }, silentLogger);
  const wait = new AbortController();
  const given = registry.networkDriver('slowly', { signal: wait.signal });
  const kept = registry.networkDriver('slowly');
  wait.abort();
  await assert.rejects(given, (error) => error instanceof PluginSilence);
  answer();
  await kept;
});

test('an answer without end is cut off', async () => {
  const path = await listen('endless', (_, response) => {
    const more = () => void (response.write('x'.repeat(65_536)) ? setImmediate(more) : response.once('drain', more));
    more();
  });
  await assert.rejects(client(path).call('X.Y'), /X\.Y: error reading plugin resp: longer than/);
});

test('a registry asks a plugin once what it is, and again when it did not say', async () => {
  let asked = 0;
  await listen('nets', (_, response) => {
    asked += 1;
    response.writeHead(asked === 1 ? 500 : 200).end('{"Implements":["NetworkDriver"]}');
  });
  const places = { sockets: folder, specs: [] };
  const registry = new PluginRegistry(places, silentLogger, { patience: { connecting: 0, answering: 5 } });
  await assert.rejects(registry.networkDriver('nets'));
  await registry.networkDriver('nets');
  await registry.networkDriver('nets');
  assert.equal(asked, 2);
  await assert.rejects(registry.ipamDriver('nets'), /Plugin does not implement the requested driver/);
  await assert.rejects(
    registry.networkDriver('none'),
    /^FairleadError: could not find plugin none in v1 plugin registry/,
  );
});

test('who asks around does not wait for one that somebody else waits for', async () => {
  const sockets = join(folder, 'deaf');
  mkdirSync(sockets);
  const server = createServer();
  await new Promise<void>((listening) => server.listen(join(sockets, 'gone.sock'), listening));
  // A socket that nobody listens to: Node removes the one that it made, by its name.
  renameSync(join(sockets, 'gone.sock'), join(sockets, 'deaf.sock'));
  await new Promise((closed) => server.close(closed));
  const registry = new PluginRegistry({ sockets, specs: [] }, silentLogger, {
    patience: { connecting: 3, answering: 60 },
  });
  const waiting = registry.networkDriver('deaf').catch((error: unknown) => error);
  assert.deepEqual(await Promise.race([waiting, registry.volumeDrivers()]), []);
  assert.ok((await waiting) instanceof PluginSilence);
});

test('a registry finds those that drive volumes, and leaves out those that do not answer', async () => {
  const sockets = join(folder, 'many');
  mkdirSync(sockets);
  const says = (kinds: string[]) => (_: unknown, response: ServerResponse) =>
    void response.end(JSON.stringify({ Implements: kinds }));
  await listen('many/vols', says(['VolumeDriver']));
  await listen('many/both', says(['IpamDriver', 'VolumeDriver']));
  await listen('many/nets', says(['NetworkDriver']));
  await listen('many/sick', (_, response) => void response.writeHead(500).end());
  const registry = new PluginRegistry({ sockets, specs: [] }, silentLogger, {
    patience: { connecting: 0, answering: 5 },
  });
  assert.deepEqual(await registry.volumeDrivers(), ['both', 'vols']);
  await registry.volumeDriver('vols');
  await assert.rejects(registry.volumeDriver('nets'), /Plugin does not implement the requested driver/);
  await assert.rejects(registry.volumeDriver('none'), PluginAbsence);
});

test('a plugin that the engine runs goes before others, is asked for by any of its names, and its paths are the host’s', async () => {
  await listen('many-own', (request, response) => {
    const answers: Readonly<Record<string, object>> = {
      '/VolumeDriver.Get': { Volume: { Name: 'v', Mountpoint: '/data/v' } },
      '/VolumeDriver.Mount': { Mountpoint: '/data/v' },
    };
    response.end(JSON.stringify(answers[request.url ?? ''] ?? {}));
  });
  const own: ManagedPlugin = {
    ...{ name: 'own:latest', socket: join(folder, 'many-own.sock'), capabilities: ['volumedriver'], timeout: 1 },
    pathOnHost: (path) => `/host${path}`,
  };
  const managed = {
    find: (name: string) => {
      if (name === 'off') throw new PluginUnfit('conflict', 'plugin off found but disabled');
      return /^own(:latest)?$/.test(name) ? own : undefined;
    },
    running: () => [own],
  };
  const registry = new PluginRegistry({ sockets: join(folder, 'nowhere'), specs: [] }, silentLogger, { managed });
  const driver = await registry.volumeDriver('own');
  assert.equal(await driver.mount('v', 'm'), '/host/data/v');
  assert.equal((await driver.get('v'))?.mountpoint, '/host/data/v');
  assert.deepEqual([registry.nameOf('own'), registry.nameOf('other')], ['own:latest', 'other']);
  assert.deepEqual(await registry.volumeDrivers(), ['own:latest']);
  await assert.rejects(registry.networkDriver('own'), {
    message: 'plugin does not provide "networkdriver" capability',
  });
  await assert.rejects(registry.volumeDriver('off'), { code: 'conflict', message: 'plugin off found but disabled' });
  await assert.rejects(registry.volumeDriver('other'), PluginAbsence);
});

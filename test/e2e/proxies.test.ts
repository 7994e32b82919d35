import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Daemon, Host } from '@fairlead/lab';
import { Registry } from '../lab/registry.ts';
import { eventually } from './life-rig.ts';

/** Registries, archives and files of URLs are asked for through the proxy that the daemon's environment names. */

const parts = new AsyncDisposableStack();
let host: Host;
let daemon: Daemon;
let plain: Registry;
let secure: Registry;

const port = 3128;
/** A proxy that wants to know who asks, and writes down what for. */
const proxy = `
const http = require('node:http'), net = require('node:net'), fs = require('node:fs');
const log = (line) => fs.appendFileSync(process.argv[1], line + '\\n');
const isKnown = ({ headers }) => headers['proxy-authorization'] === 'Basic ' + btoa('me:secret');
const server = http.createServer((request, response) => {
  if (!isKnown(request)) return response.writeHead(407).end();
  log(request.method + ' ' + request.url);
  const { 'proxy-authorization': _, 'proxy-connection': __, ...headers } = request.headers;
  const passed = http.request(request.url, { method: request.method, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  request.pipe(passed);
});
server.on('connect', (request, client) => {
  if (!isKnown(request)) return client.end('HTTP/1.1 407 Proxy Authentication Required\\r\\n\\r\\n');
  log('CONNECT ' + request.url);
  const [host, port] = request.url.split(':');
  if (host === '198.51.100.7') return client.end('HTTP/1.1 403 Forbidden\\r\\n\\r\\n');
  const there = net.connect(Number(port), host, () => {
    client.write('HTTP/1.1 200 OK\\r\\n\\r\\n');
    client.pipe(there).pipe(client);
  });
  for (const socket of [client, there]) socket.on('error', () => [client, there].map((one) => one.destroy()));
});
server.listen(${port}, '127.0.0.1');
`;

const logFile = () => join(host.folder, 'proxy.log');
/** What the proxy was asked for since it was looked at last. */
function asked(): string {
  const text = readFileSync(logFile(), 'utf8');
  writeFileSync(logFile(), '');
  return text;
}

before(async () => {
  host = parts.use(await Host.create());
  writeFileSync(logFile(), '');
  const process_ = host.start([process.execPath, '-e', proxy, logFile()]);
  process_.stderr?.resume();
  const ip = host.addresses.host.ipv4;
  plain = await Registry.start(host, 5000, undefined, { ip });
  secure = await Registry.startOwnTls(host, 5443);
  const address = `http://me:secret@127.0.0.1:${port}`;
  const env = { HTTP_PROXY: address, https_proxy: address, NO_PROXY: `example.com,${ip}:1` };
  daemon = parts.use(await Daemon.fairlead(host, ['--insecure-registry', plain.address], { env }));
  await daemon.loadBusybox();
});

after(() => parts.disposeAsync());

test('images go to registries and come from them through the proxy, whatever these speak', async () => {
  for (const [registry, pattern] of [
    [plain, new RegExp(`^GET http://${plain.address}/v2/app/manifests/latest$`, 'm')],
    [secure, new RegExp(`^CONNECT ${secure.address}$`, 'm')],
  ] as const) {
    const reference = `${registry.address}/app`;
    await daemon.docker('tag', 'busybox', reference);
    await daemon.docker('push', reference);
    await daemon.docker('rmi', reference);
    asked();
    await daemon.docker('pull', reference);
    assert.match(asked(), pattern);
    await daemon.docker('rmi', reference);
  }
});

test('a registry of this machine itself is asked directly', async () => {
  const local = await Registry.start(host, 5001);
  await daemon.docker('tag', 'busybox', `${local.address}/app`);
  await daemon.docker('push', `${local.address}/app`);
  assert.equal(asked(), '');
});

test('archives and files of URLs come through the proxy', async () => {
  const folder = join(host.folder, 'context');
  mkdirSync(folder);
  const ip = host.addresses.host.ipv4;
  host.start(['busybox', 'httpd', '-f', '-p', `${ip}:8099`, '-h', host.folder]);
  const file = `http://${ip}:8099/busybox.tar`;
  await eventually(
    'it is served',
    async () => (await host.run(['busybox', 'wget', '-qO', '/dev/null', file])).code === 0,
  );
  await daemon.docker('import', file, 'imported');
  assert.equal(asked(), `GET ${file}\n`);
  writeFileSync(join(folder, 'Dockerfile'), `FROM busybox\nADD ${file} /\nRUN test -s /busybox.tar`);
  const { code, stderr } = await daemon.tryDocker(['build', folder], { env: { DOCKER_BUILDKIT: '0' } });
  assert.equal(code, 0, stderr);
  assert.equal(asked(), `GET ${file}\n`);
});

test('what the proxy refuses, and what it is not asked for, is said in Docker’s words', async () => {
  const refusal = async (reference: string) => (await daemon.tryDocker(['pull', reference])).stderr;
  assert.match(await refusal('198.51.100.7/x'), /Get "https:\/\/198\.51\.100\.7\/v2\/": Forbidden/);
  assert.equal(asked(), 'CONNECT 198.51.100.7:443\n');
  const direct = `${host.addresses.host.ipv4}:1`;
  const refused = `Get "https://${direct}/v2/": dial tcp ${direct}: connect: connection refused`;
  assert.ok((await refusal(`${direct}/x`)).includes(refused));
  assert.equal(asked(), '');
});

test('docker info names the proxies, without passwords; flags go before the environment', async () => {
  const shown = ['info', '-f', '{{.HTTPProxy}} {{.HTTPSProxy}} {{.NoProxy}}'];
  const masked = `http://xxxxx:xxxxx@127.0.0.1:${port}`;
  assert.equal(await daemon.docker(...shown), `${masked} ${masked} example.com,${host.addresses.host.ipv4}:1\n`);
  await using other = await Host.create();
  const file = join(other.folder, 'daemon.json');
  writeFileSync(file, '{"proxies": {"http-proxy": "127.0.0.1:1", "no-proxy": "example.com"}}');
  const flags = ['--config-file', file, '--insecure-registry', '198.51.100.7'];
  await using configured = await Daemon.fairlead(other, flags, {
    env: { https_proxy: 'http://127.0.0.1:2', NO_PROXY: 'x' },
  });
  assert.equal(await configured.docker(...shown), '127.0.0.1:1 http://127.0.0.1:2 example.com\n');
  const { stderr } = await configured.tryDocker(['pull', '198.51.100.7/x']);
  assert.match(stderr, /proxyconnect tcp: dial tcp 127\.0\.0\.1:1: connect: connection refused/);
});

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { addressText, type PluginAddress, parsePluginAddress, parsePluginJson } from './plugin-address.ts';
import { findPlugin, type PluginPlaces, pluginNames } from './plugin-directory.ts';

const folder = mkdtempSync(join(tmpdir(), 'fairlead-plugins-'));
const places: PluginPlaces = { sockets: join(folder, 'run'), specs: [join(folder, 'etc'), join(folder, 'usr')] };
const server = createServer();

before(async () => {
  for (const part of ['run/deep', 'etc/inner', 'usr']) mkdirSync(join(folder, part), { recursive: true });
  await new Promise<void>((listening) => server.listen(join(folder, 'run/deep/deep.sock'), listening));
  writeFileSync(join(folder, 'run/file.sock'), '');
  writeFileSync(join(folder, 'etc/spec.spec'), 'tcp://127.0.0.1:8080\n');
  writeFileSync(join(folder, 'usr/spec.spec'), 'tcp://127.0.0.1:9090');
  writeFileSync(join(folder, 'etc/inner/inner.json'), '{"Name":"inner","Addr":"unix:///run/x%20y.sock"}');
  writeFileSync(join(folder, 'usr/broken.json'), '{"Addr":');
});

after(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

test('plugins are found by socket, by spec and by JSON, each in a folder of its name too; the first place wins', () => {
  assert.deepEqual(findPlugin('deep', places), { kind: 'unix', path: join(folder, 'run/deep/deep.sock') });
  assert.deepEqual(findPlugin('spec', places), { kind: 'tcp', host: '127.0.0.1', port: 8080 });
  assert.deepEqual(findPlugin('inner', places), { kind: 'unix', path: '/run/x y.sock' });
});

test('what is no socket, is nowhere, or would lead out of the folder is no plugin', () => {
  for (const name of ['file', 'gone', '../etc/spec', 'deep/deep', '', '.', 'x'.repeat(300)]) {
    assert.equal(findPlugin(name, places), undefined, name);
  }
  assert.throws(() => findPlugin('broken', places), /Unknown protocol/);
});

test('all names that can be found are listed once, whatever is behind them', () => {
  assert.deepEqual(pluginNames(places), ['broken', 'deep', 'file', 'inner', 'spec']);
  assert.deepEqual(pluginNames({ sockets: join(folder, 'nowhere'), specs: [] }), []);
});

const addresses: readonly [text: string, address: PluginAddress | undefined, shown?: string][] = [
  ['unix:///run/a.sock', { kind: 'unix', path: '/run/a.sock' }, 'http://%2Frun%2Fa.sock'],
  ['tcp://localhost:80', { kind: 'tcp', host: 'localhost', port: 80 }, 'http://localhost:80'],
  ['tcp://[::1]:7', { kind: 'tcp', host: '::1', port: 7 }, 'http://[::1]:7'],
  ['https://h:8', { kind: 'tcp', host: 'h', port: 8, tls: { insecure: false } }, 'https://h:8'],
  ['ftp://x', undefined],
  ['nonsense', undefined],
  ['', undefined],
];

for (const [text, address, shown] of addresses) {
  test(`the address ${JSON.stringify(text)} is ${address === undefined ? 'none' : shown}`, () => {
    if (address === undefined) return assert.throws(() => parsePluginAddress(text), /Unknown protocol/);
    assert.deepEqual(parsePluginAddress(text), address);
    assert.equal(addressText(address), shown);
  });
}

test('a JSON file names certificates, whatever the case of its fields', () => {
  const TLSConfig = { InsecureSkipVerify: true, CAFile: '/ca', CertFile: '/c', KeyFile: '/k' };
  assert.deepEqual(parsePluginJson(JSON.stringify({ addr: 'https://h:1', TLSConfig })), {
    kind: 'tcp',
    host: 'h',
    port: 1,
    tls: { insecure: true, authority: '/ca', certificate: '/c', key: '/k' },
  });
});

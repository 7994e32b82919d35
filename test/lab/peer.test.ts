import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Host } from '@fairlead/lab';
import { runWebServer } from '../e2e/web-server.ts';
import { startDockerd } from './peer.ts';
import { Registry } from './registry.ts';

test('dockerd runs in a host, publishes to the outside, and pushes to and pulls from a registry there', async () => {
  await using host = await Host.create();
  await using dockerd = await startDockerd(host);
  await dockerd.loadBusybox({ files: { '/var/www/index.html': 'it works\n' } });

  await runWebServer(dockerd, 'web', '-p', '8080:80');
  const page = `http://${host.addresses.host.ipv4}:8080/index.html`;
  assert.equal(await host.outside.exec('busybox', 'wget', '-qO-', page), 'it works\n');

  const registry = await Registry.start(host);
  const reference = `${registry.address}/team/busybox:1`;
  await dockerd.docker('tag', 'busybox', reference);
  await dockerd.docker('push', '-q', reference);
  await dockerd.docker('rmi', reference);
  assert.match(await dockerd.docker('pull', reference), /Downloaded newer image|up to date/);

  // dockerd would give it ten seconds to end.
  await dockerd.docker('rm', '-f', 'web');
  await dockerd.kill9();
  assert.equal(dockerd.running, false);
  await dockerd.restart();
  assert.match(await dockerd.docker('images', '--format', '{{.Repository}}'), /^busybox$/m);
});

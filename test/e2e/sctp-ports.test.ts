import assert from 'node:assert/strict';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import type { Host } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';

/** Published SCTP ports, from the docker command to the packet; on any kernel, for few have sockets for SCTP. */

let engine: EngineHost;
let host: Host;
const docker = (...words: string[]) => engine.daemon.docker(...words);
/** Asks and answers by SCTP, with packets made by hand. */
const peer = [process.execPath, resolve(import.meta.dirname, '../../packages/kernel/src/testing/sctp-peer.ts')];

before(async () => {
  engine = await EngineHost.start();
  host = engine.host;
  await docker('network', 'create', '--ipv6', 'trunk');
});

after(() => engine[Symbol.asyncDispose]());

function run(name: string, ...words: string[]): Promise<string> {
  return docker('run', '-d', '--name', name, '--network', 'trunk', ...words, 'busybox', 'sleep', '1000');
}

/** Answer at a port of a container; ends with the container's host. */
async function serve(name: string, port: number): Promise<void> {
  const namespace = await docker('inspect', '-f', '{{.NetworkSettings.SandboxKey}}', name);
  const server = host.start(['nsenter', `--net=${namespace.trim()}`, ...peer, name, `${port}`]);
  assert.ok(server.stdout);
  await once(server.stdout, 'data');
}

/** What a port of the host answers the outside, in both families. */
async function answers(port: number): Promise<string[]> {
  const { ipv4, ipv6 } = host.addresses.host;
  const input = `40004 ${ipv4} ${port}\n40006 ${ipv6} ${port}\n`;
  const { stdout } = await host.outside.run([...peer, 'outside'], { input });
  const [, ...lines] = stdout.trim().split('\n');
  return lines.sort();
}

async function assertTaken(address: string): Promise<void> {
  const taken = await engine.daemon.tryDocker(['run', '--rm', '-p', `${address}:5000:5000/sctp`, 'busybox', 'true']);
  assert.equal(taken.code, 125);
  assert.ok(taken.stderr.includes(`Bind for ${address}:5000 failed: port is already allocated`), taken.stderr);
}

test('a published SCTP port leads into the container, in both families, and belongs to it alone', async () => {
  await run('first', '-p', '5000:5001/sctp');
  await serve('first', 5001);
  // Before docker 23 without brackets.
  assert.match(await docker('port', 'first'), /^5001\/sctp -> 0\.0\.0\.0:5000\n5001\/sctp -> (\[::\]|::):5000\n$/);
  const ports = [
    { HostIp: '0.0.0.0', HostPort: '5000' },
    { HostIp: '::', HostPort: '5000' },
  ];
  const shown: unknown = JSON.parse(await docker('inspect', '-f', '{{json .NetworkSettings.Ports}}', 'first'));
  assert.deepEqual(shown, { '5001/sctp': ports });
  const { ipv4, ipv6 } = host.addresses.outside;
  assert.deepEqual(await answers(5000), [`40004 first ${ipv4} 5001`, `40006 first ${ipv6} 5001`]);
  assert.deepEqual(await answers(5001), ['40004 silence', '40006 silence'], 'not published under this number');

  await assertTaken('0.0.0.0');
  await assertTaken('127.0.0.1');
  assert.equal(
    await docker('run', '--rm', '-p', '5000:5000', '-p', '5000:5000/udp', 'busybox', 'echo', 'free'),
    'free\n',
  );
  await engine.daemon.restart();
  await assertTaken('0.0.0.0');

  await docker('rm', '-f', 'first');
  assert.deepEqual(await answers(5000), ['40004 silence', '40006 silence']);
  await run('second', '-p', '5000:5001/sctp');
  await docker('rm', '-f', 'second');
});

test('SCTP ports that may be any are different ones', async () => {
  await run('one', '-p', '5000/sctp');
  await run('two', '-p', '5000/sctp');
  const given = await Promise.all(['one', 'two'].map((name) => docker('port', name, '5000/sctp')));
  for (const text of given) assert.match(text, /^0\.0\.0\.0:\d+\n(\[::\]|::):\d+\n$/);
  assert.notEqual(given[0], given[1]);
  await docker('rm', '-f', 'one', 'two');
});

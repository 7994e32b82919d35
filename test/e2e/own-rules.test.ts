import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import type { Daemon, Host } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';
import { eventually } from './life-rig.ts';
import { runWebServer } from './web-server.ts';

/** The recipes of docs/own-rules.md do what their headings say, and outlive the daemon. */

const page = readFileSync(resolve(import.meta.dirname, '../../docs/own-rules.md'), 'utf8');
const recipes = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section.match(/^ {4}.*$/gm)?.join('\n') ?? '']),
);

let engine: EngineHost;
let host: Host;
let daemon: Daemon;

before(async () => {
  engine = await EngineHost.start({ '/var/www/index.html': 'it works\n' });
  ({ host, daemon } = engine);
  await host.outside.exec('ip', 'address', 'add', '192.0.2.9/24', 'dev', 'eth0');
  await daemon.docker('network', 'create', '-o', 'com.docker.network.bridge.name=br-app', 'app');
  await runWebServer(daemon, 'web', '--network', 'app', '-p', '8080:80', '-p', '8081:80');
  host.start(['busybox', 'httpd', '-f', '-p', '8099', '-h', '/etc']);
  await eventually('the host listens', async () => (await host.exec('ss', '-Hltn', 'sport = :8099')) !== '');
});
after(() => engine[Symbol.asyncDispose]());

/** The kernel opens a connection at once, or never; a program that has one answers when it comes to it. */
const client = `
const [localAddress, port] = process.argv.slice(1);
const socket = require('net').connect({ host: '192.0.2.2', port: Number(port), localAddress });
const alarm = setTimeout(() => setImmediate(() => socket.connecting && process.exit(1)), 800);
socket.on('connect', () => socket.end('GET / HTTP/1.0\\r\\n\\r\\n'));
socket.on('close', () => clearTimeout(alarm));
socket.setTimeout(10_000, () => process.exit(1));
socket.pipe(process.stdout);
socket.on('error', () => process.exit(1));
`;

/** Whether the web server answers an asker outside, who has several addresses. */
async function asks(from: string, port = 8080): Promise<boolean> {
  const { stdout } = await host.outside.run([process.execPath, '-e', client, from, `${port}`]);
  return stdout.includes('it works');
}

async function reaches(address: string): Promise<boolean> {
  return (await daemon.tryDocker(['exec', 'web', 'ping', '-c1', '-W1', address])).code === 0;
}

/** A program of the host listens on port 8099. */
async function speaksWithHost(): Promise<boolean> {
  const words = ['exec', 'web', 'timeout', '2', 'wget', '-qO-', 'http://192.0.2.2:8099/passwd'];
  return (await daemon.tryDocker(words)).code === 0;
}

test('without rules of one’s own everything is reached', async () => {
  const reached = [
    await asks('192.0.2.1'),
    await asks('192.0.2.9'),
    await asks('192.0.2.9', 8081),
    await reaches('192.0.2.9'),
    await speaksWithHost(),
  ];
  assert.deepEqual(reached, [true, true, true, true, true]);
});

const effects: Readonly<Record<string, () => Promise<readonly unknown[]>>> = {
  'A published port for some askers only': async () => {
    const before = await asks('192.0.2.9');
    await host.exec('nft', 'add element inet fairlead-user friends { 192.0.2.9 }');
    return [await asks('192.0.2.1'), before, await asks('192.0.2.9')];
  },
  'Everything that is published, for some askers only': async () => [
    await asks('192.0.2.1'),
    await asks('192.0.2.9'),
    await asks('192.0.2.9', 8081),
  ],
  'Not too many new connections': async () => {
    const answers: boolean[] = [];
    for (let attempt = 0; attempt < 7; attempt++) answers.push(await asks('192.0.2.1'));
    return [answers[0], answers.at(-1), await asks('192.0.2.9')];
  },
  'Who has asked': async () => {
    await asks('192.0.2.1');
    const listed = await host.exec('nft', 'list', 'table', 'inet', 'fairlead-user');
    return [true, !/counter packets [1-9]/.test(listed), /log prefix/.test(listed)];
  },
  'A network that may go to some places only': async () => [
    await reaches('192.0.2.1'),
    await reaches('192.0.2.9'),
    await asks('192.0.2.9'),
  ],
  'A container that may not speak with the host': async () => [
    await reaches('192.0.2.1'),
    await speaksWithHost(),
    await asks('192.0.2.1'),
  ],
};

for (const [name, recipe] of recipes) {
  test(name, async () => {
    await host.exec('nft', recipe);
    try {
      // One that passes, one that does not, and what must not suffer.
      assert.deepEqual(
        await effects[name]?.(),
        [true, false, true].map((wanted, at) => (isException(name, at) ? !wanted : wanted)),
      );
    } finally {
      await host.exec('nft', 'delete', 'table', 'inet', 'fairlead-user');
    }
  });
}

/** The rule about everything that is published holds for the other port as well. */
function isException(name: string, at: number): boolean {
  return name.startsWith('Everything') && at === 2;
}

test('a table of one’s own stays when the daemon starts again', async () => {
  const [recipe = ''] = recipes.values();
  await host.exec('nft', recipe);
  const listed = await host.exec('nft', 'list', 'table', 'inet', 'fairlead-user');
  await daemon.kill9();
  await daemon.restart();
  assert.equal(await host.exec('nft', 'list', 'table', 'inet', 'fairlead-user'), listed);
});

test('every recipe has been tried', () => {
  assert.deepEqual([...recipes.keys()].sort(), Object.keys(effects).sort());
});

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
  await host.outside.exec('ip', 'address', 'add', '2001:db8::9/64', 'dev', 'eth0', 'nodad');
  await daemon.docker('network', 'create', '--ipv6', '-o', 'com.docker.network.bridge.name=br-app', 'app');
  await runWebServer(daemon, 'web', '--network', 'app', '-p', '8080:80', '-p', '8081:80');
  // It has no IPv6: who asks for it by that is relayed.
  await runWebServer(daemon, 'four', '-p', '8082:80');
  host.start(['busybox', 'httpd', '-f', '-p', '8099', '-h', '/etc']);
  await eventually('the host listens', async () => (await host.exec('ss', '-Hltn', 'sport = :8099')) !== '');
});
after(() => engine[Symbol.asyncDispose]());

/** Who asks, in one family: one who is let in, one who is not; and the host. */
interface Addresses {
  readonly friend: string;
  readonly other: string;
  readonly host: string;
  readonly set: string;
}

const families: Readonly<Record<string, Addresses>> = {
  IPv4: { friend: '192.0.2.1', other: '192.0.2.9', host: '192.0.2.2', set: 'friends' },
  IPv6: { friend: '2001:db8::1', other: '2001:db8::9', host: '[2001:db8::2]', set: 'friends6' },
};

/** The kernel opens a connection at once, or never; a program that has one answers when it comes to it. */
const client = `
const [localAddress, port] = process.argv.slice(1);
const socket = require('net').connect({ host: localAddress.includes(':') ? '2001:db8::2' : '192.0.2.2', port: Number(port), localAddress });
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
async function speaksWithHost({ host: address }: Addresses): Promise<boolean> {
  const words = ['exec', 'web', 'timeout', '2', 'wget', '-qO-', `http://${address}:8099/passwd`];
  return (await daemon.tryDocker(words)).code === 0;
}

for (const [family, addresses] of Object.entries(families)) {
  test(`without rules of one’s own everything is reached, ${family}`, async () => {
    const { friend, other } = addresses;
    const reached = [
      ...(await Promise.all([friend, other].flatMap((from) => [8080, 8081, 8082].map((port) => asks(from, port))))),
      await reaches(other),
      await speaksWithHost(addresses),
    ];
    assert.deepEqual(reached, Array(8).fill(true));
  });
}

/** What each recipe lets through, what not, and what must not suffer. */
const effects: Readonly<Record<string, (addresses: Addresses) => Promise<readonly unknown[]>>> = {
  'A published port for some askers only': async ({ friend, other, set }) => {
    const before = await asks(other);
    const passed = await asks(friend);
    await host.exec('nft', `add element inet fairlead-user ${set} { ${other} }`);
    return [passed, before, await asks(other)];
  },
  'Everything that is published, for some askers only': async ({ friend, other }) => [
    (await asks(friend)) && (await asks(friend, 8082)),
    (await asks(other)) || (await asks(other, 8081)) || (await asks(other, 8082)),
    await reaches(other),
  ],
  'Not too many new connections': async ({ friend, other }) => {
    const answers: boolean[] = [];
    for (let attempt = 0; attempt < 7; attempt++) answers.push(await asks(friend));
    return [answers[0], answers.at(-1), await asks(other)];
  },
  'Who has asked': async ({ friend }) => {
    await asks(friend);
    const listed = await host.exec('nft', 'list', 'table', 'inet', 'fairlead-user');
    return [true, !/counter packets [1-9]/.test(listed), /log prefix/.test(listed)];
  },
  'A network that may go to some places only': async ({ friend, other }) => [
    await reaches(friend),
    await reaches(other),
    await asks(other),
  ],
  'A container that may not speak with the host': async (addresses) => [
    await reaches(addresses.friend),
    await speaksWithHost(addresses),
    await asks(addresses.friend),
  ],
};

for (const [name, recipe] of recipes) {
  for (const [family, addresses] of Object.entries(families)) {
    test(`${name}, ${family}`, async () => {
      await host.exec('nft', recipe);
      try {
        assert.deepEqual(await effects[name]?.(addresses), [true, false, true]);
      } finally {
        await host.exec('nft', 'delete', 'table', 'inet', 'fairlead-user');
      }
    });
  }
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

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Daemon, Host } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';
import { runWebServer, whenListening } from './web-server.ts';

/** Ports that are for some askers only: by label, by option, changed while the container runs, and told of. */

let engine: EngineHost;
let host: Host;
let daemon: Daemon;
const docker = (...words: string[]) => daemon.docker(...words);
const web = ['busybox', 'httpd', '-f', '-h', '/var/www'];
const fairlead = (...words: string[]) => engine.tryFairlead(...words);

before(async () => {
  engine = await EngineHost.start({ '/var/www/index.html': 'it works\n' });
  ({ host, daemon } = engine);
  await docker('network', 'create', '--ipv6', 'dual');
  await host.outside.exec('ip', 'address', 'add', '192.0.2.9/24', 'dev', 'eth0');
  await host.outside.exec('ip', 'address', 'add', '2001:db8::9/64', 'dev', 'eth0', 'nodad');
});
after(() => engine[Symbol.asyncDispose]());

/** Waits for as many answers as are wanted, and then a moment for one too many. */
const client = `
const [port, wanted, ...askers] = process.argv.slice(1);
let answers = 0;
const judge = () => answers >= Number(wanted) && setTimeout(() => process.exit(), 500).unref();
for (const localAddress of askers) {
  const host = localAddress.includes(':') ? '2001:db8::2' : '192.0.2.2';
  const socket = require('net').connect({ host, port: Number(port), localAddress });
  socket.on('connect', () => socket.end('GET / HTTP/1.0\\r\\n\\r\\n'));
  socket.on('data', (text) => {
    if (!text.includes('it works')) return;
    console.log(localAddress);
    answers += 1;
    judge();
  });
  socket.on('error', () => {});
}
judge();
setTimeout(() => process.exit(), 5000).unref();
`;

const everybody = ['192.0.2.1', '192.0.2.9', '2001:db8::1', '2001:db8::9'];

/** Exactly these askers outside are answered, of .1 and .9 by IPv4, ::1 and ::9 by IPv6. */
async function assertAnswered(port: number, wanted: readonly string[]): Promise<void> {
  const words = [process.execPath, '-e', client, `${port}`, `${wanted.length}`, ...everybody];
  const { stdout } = await host.outside.run(words);
  assert.deepEqual(stdout.trim().split('\n').sort(), wanted.length === 0 ? [''] : wanted, `port ${port}`);
}

async function askHost(place: string): Promise<boolean> {
  return (await host.run(['timeout', '3', 'busybox', 'wget', '-qO-', `http://${place}/`])).stdout === 'it works\n';
}

function serve(name: string, ...words: string[]): Promise<void> {
  return runWebServer(daemon, name, '--network', 'dual', ...words);
}

test('a label limits a port to sources, in both families; the host itself may always', async () => {
  await serve('labelled', '-p', '8080:80', '--label', 'com.fairlead.port.80.sources=192.0.2.9,2001:db8::9');
  await assertAnswered(8080, ['192.0.2.9', '2001:db8::9']);
  for (const place of ['127.0.0.1:8080', '[::1]:8080', '192.0.2.2:8080']) assert.ok(await askHost(place), place);
});

test('what is for some is so after the daemon was killed, and after a restart', async () => {
  await daemon.kill9();
  await daemon.restart();
  await assertAnswered(8080, ['192.0.2.9', '2001:db8::9']);
  await docker('restart', '-t', '0', 'labelled');
  await assertAnswered(8080, ['192.0.2.9', '2001:db8::9']);
  await docker('rm', '-f', 'labelled');
});

test('askers come and go while the container runs, and stay over a restart', async () => {
  await serve('live', '-p', '8081:80');
  await assertAnswered(8081, everybody);
  const specs = ['port', 'allow', 'live', '8081:80', '--from'];
  assert.equal((await fairlead(...specs, '192.0.2.1')).code, 0);
  await assertAnswered(8081, ['192.0.2.1']);
  assert.equal((await fairlead(...specs, '192.0.2.8/29,2001:db8::/64')).code, 0);
  await assertAnswered(8081, everybody);
  assert.equal((await fairlead('port', 'deny', 'live', '80', '--from', '192.0.2.1')).code, 0);
  await assertAnswered(8081, ['192.0.2.9', '2001:db8::1', '2001:db8::9']);
  const stranger = await fairlead('port', 'deny', 'live', '80', '--from', '198.51.100.1');
  assert.match(stranger.stderr, /port 8081:80\/tcp is not for 198\.51\.100\.1\/32/);
  const [shown]: { HostConfig: { PortBindings: object } }[] = JSON.parse(await docker('inspect', 'live'));
  assert.deepEqual(shown?.HostConfig.PortBindings, {
    '80/tcp': [{ HostIp: '', HostPort: '8081', Sources: ['192.0.2.8/29', '2001:db8::/64'] }],
  });
  await docker('restart', '-t', '0', 'live');
  await assertAnswered(8081, ['192.0.2.9', '2001:db8::1', '2001:db8::9']);
  assert.equal((await fairlead('port', 'deny', 'live', '80')).code, 0);
  await assertAnswered(8081, []);
  assert.ok(await askHost('127.0.0.1:8081'));
  assert.match(
    (await fairlead('explain', 'last')).stdout,
    /delete element inet fairlead from4 \{ 192\.0\.2\.8-192\.0\.2\.15 /,
  );
  assert.equal((await fairlead('port', 'allow', 'live', '80')).code, 0);
  await assertAnswered(8081, everybody);
  await docker('rm', '-f', 'live');
});

test('a port may be for those who come by an interface, and a network may say who comes to its ports', async () => {
  const run = ['run', '-d', '--name', 'by', '--network', 'dual', '-p', '8082:80,via=eth0', '-p', '8083:80,via=eth9'];
  assert.equal((await fairlead(...run, ...web)).code, 0);
  const network = ['--ipv6', '-o', 'com.fairlead.ports.sources=192.0.2.1'];
  await docker('network', 'create', ...network, 'closed');
  await whenListening(daemon, 'by');
  await runWebServer(daemon, 'inside', '--network', 'closed', '-p', '8084:80');
  await assertAnswered(8082, everybody);
  await assertAnswered(8083, []);
  await assertAnswered(8084, ['192.0.2.1']);
  // A container that asks for the host's address comes by its bridge.
  const ask = ['exec', 'inside', 'timeout', '2', 'wget', '-qO-', 'http://192.0.2.2:8082'];
  assert.notEqual((await daemon.tryDocker(ask)).code, 0);
  await docker('rm', '-f', 'by', 'inside');
});

test('what nobody would obey is refused', async () => {
  const refused = async (...words: string[]) => (await daemon.tryDocker(['create', ...words, ...web])).stderr;
  const label = (name: string) => ['--label', `com.fairlead.port.${name}=10.0.0.0/8`];
  assert.match(
    await refused('-p', '8080:80', ...label('8080.sources')),
    /label about port 8080\/tcp, which is not publ/,
  );
  assert.match(await refused('-p', '8080:80', ...label('80.source')), /invalid label com\.fairlead\.port\.80\.source/);
  assert.match(await refused('-p', '8080:80', '--label', 'com.fairlead.ports.sources=x'), /invalid source: x/);
  const network = await daemon.tryDocker(['network', 'create', '-o', 'com.fairlead.ports.sources=x', 'wrong']);
  assert.match(network.stderr, /invalid source: x/);
});

test('who can reach a port: by its binding and its policy, and past the rules of others', async () => {
  const sources = 'com.fairlead.port.81.sources=192.0.2.0/24';
  await serve('told', '-p', '8080:80', '-p', '127.0.0.1:8089:80', '-p', '8082:81', '--label', sources);
  const reach = async (place = 'told') => (await fairlead('port', 'who', place)).stdout;
  const open = await reach('told:80');
  assert.match(open, /80\/tcp +0\.0\.0\.0:8080 +anyone +a packet from 192\.0\.2\.1: /);
  assert.match(open, /80\/tcp +\[::\]:8080 +anyone +a packet from 2001:db8::1: /);
  assert.match(open, /80\/tcp +127\.0\.0\.1:8089 +this host +not tried/);
  assert.doesNotMatch(open, /nobody, meant|81\/tcp/);
  const limited = await reach('told:81');
  assert.match(limited, /81\/tcp +0\.0\.0\.0:8082 +nobody, meant for only 192\.0\.2\.0\/24/);
  assert.match(limited, /nobody-listens|listen/);
  assert.match(limited, /81\/tcp +\[::\]:8082 +this host/);
  const table = `table ip others { chain entry { type filter hook forward priority 10; tcp dport 80 counter drop; }; }`;
  await host.exec('nft', table);
  const blocked = await reach('told:80');
  assert.match(blocked, /80\/tcp +0\.0\.0\.0:8080 +nobody, meant for anyone/);
  assert.match(blocked, /nft trace: table ip others, chain entry.*tcp dport 80/);
  assert.match(blocked, /\[::\]:8080 +anyone/);
  await host.exec('nft', 'delete', 'table', 'ip', 'others');
  const trace = await fairlead('trace', '192.0.2.9', '192.0.2.2:8080');
  assert.equal(trace.code, 0);
  await fairlead('port', 'allow', 'told', '8080:80', '--from', '192.0.2.1');
  const refused = await fairlead('trace', '192.0.2.9', '192.0.2.2:8080');
  assert.match(refused.stdout, /published, but for some askers only, and 192\.0\.2\.9 is none of them/);
  await docker('rm', '-f', 'told');
});

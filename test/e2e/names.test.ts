import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { after, before, test } from 'node:test';
import type { Daemon, Host } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';
import { eventually } from './life-rig.ts';

/** Whom containers find by which names, and whom the rest is asked. */

/** A name server that has one answer to everything, its own address, and says what it was asked. */
const serverScript = `
const [address] = process.argv.slice(1);
const socket = require('dgram').createSocket('udp4');
socket.on('message', (query, from) => {
  const end = query.indexOf(0, 12) + 5;
  const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split('.').map(Number)]);
  const isAddress = query[end - 3] === 1;
  console.log(query.toString('latin1', 13, end - 5));
  const head = Buffer.from([query[0], query[1], 0x81, 0x80, 0, 1, 0, isAddress ? 1 : 0, 0, 0, 0, 0]);
  socket.send(Buffer.concat([head, query.subarray(12, end), ...(isAddress ? [answer] : [])]), from.port, from.address);
});
socket.bind(53, address, () => console.log('ready'));
`;
const [one, other] = ['192.0.2.1', '192.0.2.9'];

let engine: EngineHost;
let host: Host;
let daemon: Daemon;
const servers: ChildProcess[] = [];
/** What the servers were asked. */
let heard = '';
const docker = (...words: string[]) => daemon.docker(...words);
const run = (name: string, ...words: string[]) =>
  docker('run', '-d', '--name', name, ...words, 'busybox', 'sleep', '1000');

before(async () => {
  engine = await EngineHost.start();
  ({ host, daemon } = engine);
  await host.outside.exec('ip', 'address', 'add', `${other}/24`, 'dev', 'eth0');
  for (const address of [one, other]) {
    const server = host.outside.start([process.execPath, '-e', serverScript, address]);
    servers.push(server);
    await new Promise((resolve) => server.stdout?.once('data', resolve));
    server.stdout?.on('data', (text) => (heard += text));
  }
  await docker('network', 'create', '--ipv6', 'app');
  await docker('network', 'create', '--internal', 'vault');
});
after(async () => {
  for (const server of servers) server.kill();
  await engine[Symbol.asyncDispose]();
});

/** Addresses that a container gets for a name, sorted; nothing when it gets none. */
async function resolve(name: string, question: string, type = 'a'): Promise<string> {
  const { stdout } = await daemon.tryDocker(['exec', name, 'nslookup', `-type=${type}`, question]);
  const answers = stdout.slice(stdout.indexOf('\n\n'));
  const found = [...answers.matchAll(/^(?:Address: |.*name = |.*mail exchanger = )(\S+)/gm)];
  return found
    .map(([, text]) => text)
    .sort()
    .join(' ');
}

test('the servers of the host are asked, and others from the moment the host asks them', async () => {
  await run('asker', '--network', 'app');
  await run('plain');
  assert.equal(await resolve('asker', 'far.example'), one);
  await host.exec('sh', '-c', `echo nameserver ${other} >/etc/resolv.conf`);
  await eventually(
    'the other server is asked',
    async () => (await resolve('asker', `${Math.random()}.example`)) === other,
  );
  assert.match(
    await docker('exec', 'asker', 'cat', '/etc/resolv.conf'),
    /^nameserver 127\.0\.0\.11\n[\s\S]*host\(192\.0\.2\.9\)/m,
  );
  await eventually('the file says so', async () =>
    (await docker('exec', 'plain', 'cat', '/etc/resolv.conf')).includes(`nameserver ${other}`),
  );
  await host.exec('sh', '-c', `echo nameserver ${one} >/etc/resolv.conf`);
  await eventually(
    'the first server is asked',
    async () => (await resolve('asker', `${Math.random()}.example`)) === one,
  );
});

test('a container has its own servers, search list and options', async () => {
  const words = ['--dns', other, '--dns-search', 'corp.example', '--dns-opt', 'timeout:3'];
  await run('own', '--network', 'app', ...words);
  assert.equal(await resolve('own', 'far.example'), other);
  assert.equal(await resolve('own', 'asker.'), await ipOf('asker', 'app'));
  const text = await docker('exec', 'own', 'cat', '/etc/resolv.conf');
  for (const line of [
    'nameserver 127.0.0.11',
    'search corp.example',
    'options timeout:3 ndots:0',
    `# ExtServers: [${other}]`,
  ]) {
    assert.ok(text.split('\n').includes(line), `${line} in ${text}`);
  }
  assert.match(text, /^# Overrides: \[nameservers search options\]$/m);
});

test('nobody outside is asked for a container that has internal networks only, until it has another', async () => {
  await run('inmate', '--network', 'vault');
  await run('mate', '--network', 'vault');
  assert.equal(await resolve('inmate', 'far.example'), '');
  assert.equal(await resolve('inmate', 'mate'), await ipOf('mate', 'vault'));
  await docker('network', 'connect', 'app', 'inmate');
  assert.equal(await resolve('inmate', 'far.example'), one);
  await docker('network', 'disconnect', 'app', 'inmate');
  assert.equal(await resolve('inmate', 'other.example'), '');
});

async function ipOf(name: string, network: string): Promise<string> {
  return (await docker('inspect', '-f', `{{.NetworkSettings.Networks.${network}.IPAddress}}`, name)).trim();
}

test('names have several labels, both families, and no other data', async () => {
  const id = (
    await run('db', '--network', 'app', '--network-alias', 'sql.data', '--network-alias', 'store', '-h', 'dbhost')
  ).trim();
  const ip = await ipOf('db', 'app');
  for (const name of ['db', 'DB', 'db.', 'store', 'sql.data', 'dbhost', id.slice(0, 12), 'db.app', 'sql.data.app']) {
    assert.equal(await resolve('asker', name), ip, name);
  }
  assert.match(await resolve('asker', 'db', 'aaaa'), /^fd[0-9a-f:]+$/);
  assert.equal(await resolve('asker', 'db', 'mx'), '');
  assert.equal(await resolve('asker', 'db.vault'), one, 'the asker is not on that network');
  const reverse = `${ip.split('.').reverse().join('.')}.in-addr.arpa`;
  assert.equal(await resolve('asker', reverse, 'ptr'), 'db.app');
  assert.equal(await resolve('inmate', 'mate', 'aaaa'), '');
});

test('of a name that is here nobody outside is asked, whatever is asked, and nothing fails for want of somebody', async () => {
  const ask = async (asker: string, name: string, type: string) =>
    (await daemon.tryDocker(['exec', asker, 'nslookup', `-type=${type}`, name])).stdout;
  const reverse = `${(await ipOf('db', 'app')).split('.').reverse().join('.')}.in-addr.arpa`;
  heard = '';
  for (const type of ['txt', 'srv', 'mx', 'cname', 'soa', 'ns', 'ptr', 'any']) {
    assert.doesNotMatch(await ask('inmate', 'mate', type), /SERVFAIL|NXDOMAIN/, `${type} where nobody can be asked`);
    for (const name of ['db', 'db.app', reverse]) await ask('asker', name, type);
  }
  await ask('asker', 'the-end', 'txt');
  await eventually('the last question has come', async () => heard.includes('the-end'));
  assert.deepEqual([...new Set(heard.trim().split('\n'))], ['the-end']);
  assert.match(await ask('inmate', 'far.example', 'txt'), /SERVFAIL/);
});

test('a name of several is answered with all of them, each first in turn', async () => {
  for (const name of ['web1', 'web2', 'web3']) await run(name, '--network', 'app', '--network-alias', 'web');
  const all = await Promise.all(['web1', 'web2', 'web3'].map((name) => ipOf(name, 'app')));
  assert.equal(await resolve('asker', 'web'), all.sort().join(' '));
  const first = new Set<string>();
  for (let attempt = 0; attempt < 60 && first.size < 3; attempt++) {
    const { stdout } = await daemon.tryDocker(['exec', 'asker', 'nslookup', '-type=a', 'web']);
    first.add(/Address: (10\.\S+|172\.\S+)/.exec(stdout.slice(stdout.indexOf('\n\n')))?.[1] ?? '');
  }
  assert.equal(first.size, 3);
  await docker('rm', '-f', 'web1');
  assert.equal((await resolve('asker', 'web')).split(' ').length, 2);
});

test('a name of several is answered with those that are well, and with all when nobody is', async () => {
  const check = ['--health-cmd', 'test -f /tmp/ok', '--health-interval', '50ms', '--health-retries', '1'];
  for (const name of ['shop1', 'shop2']) await run(name, '--network', 'app', '--network-alias', 'shop', ...check);
  const [first, second] = await Promise.all([ipOf('shop1', 'app'), ipOf('shop2', 'app')]);
  const both = [first, second].sort().join(' ');
  const becomes = (answer: string) =>
    eventually(`shop is ${answer}`, async () => (await resolve('asker', 'shop')) === answer);
  assert.equal(await resolve('asker', 'shop'), both, 'both are starting');
  await docker('exec', 'shop1', 'touch', '/tmp/ok');
  await becomes(first);
  assert.equal(await resolve('asker', 'shop2'), second, 'its own name');
  await daemon.kill9();
  await daemon.restart();
  assert.equal(await resolve('asker', 'shop'), first);
  await docker('exec', 'shop2', 'touch', '/tmp/ok');
  await becomes(both);
  await docker('exec', 'shop1', 'rm', '/tmp/ok');
  await becomes(second);
  await docker('pause', 'shop2');
  await becomes(both);
  await docker('unpause', 'shop2');
  await docker('rm', '-f', 'shop1', 'shop2');
});

test('what containers serve is found by name: target, port and addresses of each', async () => {
  const label = ['--label', 'com.fairlead.port.8080.service=http'];
  await run('till1', '--network', 'app', '--network-alias', 'till', '--expose', '80', '--expose', '53/udp');
  await run('till2', '--network', 'app', '--network-alias', 'till', ...label);
  const srv = async (name: string) =>
    (await daemon.tryDocker(['exec', 'asker', 'nslookup', '-type=srv', name])).stdout.match(/service = .*/g)?.sort();
  assert.deepEqual(await srv('_http._tcp.till'), ['service = 0 1 80 till1.app', 'service = 0 1 8080 till2.app']);
  assert.deepEqual(await srv('_domain._udp.till'), ['service = 0 1 53 till1.app']);
  assert.equal(await resolve('asker', 'till2.app'), await ipOf('till2', 'app'), 'a target leads there');
  const { stdout } = await daemon.tryDocker(['exec', 'asker', 'nslookup', '-type=srv', '_smtp._tcp.till']);
  assert.match(stdout, /NXDOMAIN/);
  await docker('rm', '-f', 'till1', 'till2');
});

test('a container without IPv4 asks by IPv6, and goes on when it gets IPv4', async () => {
  await engine.fairlead('network', 'create', '--no-ipv4', '--ipv6', 'six');
  for (const name of ['six1', 'six2']) await run(name, '--network', 'six');
  const servers = async () => (await docker('exec', 'six1', 'cat', '/etc/resolv.conf')).match(/^nameserver .*/gm);
  const address = (await docker('inspect', '-f', '{{.NetworkSettings.Networks.six.GlobalIPv6Address}}', 'six2')).trim();
  const by = async (server: string) => {
    const { stdout } = await daemon.tryDocker(['exec', 'six1', 'nslookup', '-type=aaaa', 'six2', server]);
    return stdout.includes(`Address: ${address}\n`);
  };
  const both = () => Promise.all(['fd66:6c64:6e73::53', '127.0.0.11'].map(by));
  assert.deepEqual(await servers(), ['nameserver fd66:6c64:6e73::53']);
  assert.equal(await resolve('six1', 'six2', 'aaaa'), address);
  assert.equal(await resolve('six1', 'far.example'), one, 'and the servers of the host are asked for it');
  await docker('network', 'connect', 'app', 'six1');
  assert.deepEqual(await servers(), ['nameserver 127.0.0.11']);
  await daemon.kill9();
  await daemon.restart();
  assert.deepEqual(await both(), [true, true]);
  await docker('rm', '-f', 'six1', 'six2');
  await docker('network', 'rm', 'six');
});

test('names that were added by hand are in /etc/hosts, host-gateway as the address of the default bridge', async () => {
  const added = ['--add-host', 'box:192.0.2.50', '--add-host', 'six:2001:db8::50', '--add-host', 'hatch:host-gateway'];
  await run('handy', '--network', 'app', ...added);
  const lines = ['192.0.2.50\tbox', '2001:db8::50\tsix', '172.17.0.1\thatch'];
  const shown = (text: string) => text.split('\n').filter((line) => lines.includes(line));
  assert.deepEqual(shown(await docker('exec', 'handy', 'cat', '/etc/hosts')), lines);
  await docker('exec', 'handy', 'ping', '-c1', '-W2', 'hatch');
  // Older releases of the docker command do not know this way of writing them.
  const alike = [
    '--add-host',
    'box=192.0.2.50',
    '--add-host',
    'six=[2001:db8::50]',
    '--add-host',
    'hatch=host-gateway',
  ];
  const text = await engine.fairlead('run', '--rm', '--network', 'app', ...alike, 'busybox', 'cat', '/etc/hosts');
  assert.deepEqual(shown(text), lines);
});

test('names go on while the daemon is away', async () => {
  await daemon.kill9();
  const pid = (await host.exec('sh', '-c', 'ls /run/netns')).split('\n').find((name) => name.endsWith('-asker'));
  const lookup = ['nsenter', `--net=/run/netns/${pid}`, 'busybox', 'nslookup', '-type=a', 'db', '127.0.0.11'];
  assert.match((await host.run(lookup)).stdout, /Address: (10|172)\./);
  await daemon.restart();
  assert.equal(await resolve('asker', 'db'), await ipOf('db', 'app'));
});

/** What the docker command has no words for. */
async function dns(...words: string[]): Promise<string> {
  return (await engine.fairlead('dns', ...words)).trim();
}

test('names can be written for a network: with wildcards, aliases that lead in and out, texts and services', async () => {
  const records = 'db.internal A 10.9.9.9; *.apps.internal CNAME db; note TXT "hello world"';
  await docker('network', 'create', '-o', `com.fairlead.dns.records=${records}`, 'written');
  await run('reader', '--network', 'written', '--dns', one);
  await docker('network', 'connect', 'written', 'db');
  assert.equal(await resolve('reader', 'db.internal'), '10.9.9.9');
  assert.match(await resolve('reader', 'any.apps.internal'), new RegExp(`\\b${await ipOf('db', 'written')}\\b`));
  assert.match(await docker('exec', 'reader', 'nslookup', '-type=txt', 'note'), /hello world/);
  assert.equal(await resolve('asker', 'db.internal'), one, 'others are not concerned');

  await dns('add', 'written', 'search', 'CNAME', 'search.example.org');
  await dns('add', 'written', '_sql._tcp.db', 'SRV', '0', '5', '5432', 'db');
  assert.match(await resolve('reader', 'search'), new RegExp(`\\b${one}\\b`));
  assert.match(await docker('exec', 'reader', 'nslookup', '-type=srv', '_sql._tcp.db'), /0 5 5432 db/);
  await dns('rm', 'written', 'db.internal', 'A');
  assert.equal(await resolve('reader', 'db.internal'), one);
  const left = ['*.apps.internal CNAME db', 'note TXT "hello world"', 'search CNAME search.example.org'];
  assert.equal(await dns('ls', 'written'), [...left, '_sql._tcp.db SRV 0 5 5432 db'].join('\n'));

  await daemon.kill9();
  const lookup = ['busybox', 'nslookup', '-type=txt', 'note', '127.0.0.11'];
  const inside = (await host.exec('ls', '/run/netns')).split('\n').find((name) => name.endsWith('-reader'));
  const ask = () => host.exec('nsenter', `--net=/run/netns/${inside}`, ...lookup);
  assert.match(await ask(), /hello world/);
  await daemon.restart();
  assert.match(await ask(), /hello world/);
  await docker('rm', '-f', 'reader');
  await docker('network', 'disconnect', 'written', 'db');
  await docker('network', 'rm', 'written');
});

test('a network can have servers of its own; what cannot be is refused', async () => {
  await docker(
    'network',
    'create',
    '-o',
    `com.fairlead.dns.servers=${other}`,
    '-o',
    'com.fairlead.dns.ttl=30',
    'apart',
  );
  await run('guest', '--network', 'apart');
  assert.equal(await resolve('guest', 'anything.example'), other);
  await run('stubborn', '--network', 'apart', '--dns', one);
  assert.equal(await resolve('stubborn', 'anything.example'), one);
  const refused = ['records=web MX 5 mail', 'ttl=soon', 'servers=dns.example'];
  for (const option of refused) {
    const { code, stderr } = await daemon.tryDocker(['network', 'create', '-o', `com.fairlead.dns.${option}`, 'bad']);
    assert.equal(code, 1);
    assert.match(stderr, /invalid DNS record|failed to parse com\.fairlead\.dns/);
  }
  await docker('rm', '-f', 'guest', 'stubborn');
  await docker('network', 'rm', 'apart');
});

import assert from 'node:assert/strict';
import { type ClientRequest, request } from 'node:http';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from '@fairlead/api/client';
import type { Daemon, Host } from '@fairlead/lab';
import { LanServer } from '../lab/lan-server.ts';
import { EngineHost } from './engine-host.ts';

/** Containers that are hosts of somebody else's LAN: addresses by DHCPv4, DHCPv6 and router advertisements of dnsmasq. */

const fairlead = resolve(import.meta.dirname, '../../fairlead');
let engine: EngineHost;
let host: Host;
let daemon: Daemon;
let server: LanServer;
const docker = (...words: string[]) => daemon.docker(...words);

/** T1 is three seconds in DHCPv4; for DHCPv6 the router's short lifetime does it. */
const wire = [
  '--dhcp-range=192.0.2.100,192.0.2.110,255.255.255.0,2m',
  '--dhcp-host=02:42:00:00:00:77,192.0.2.120',
  '--dhcp-host=02:42:00:00:00:88,192.0.2.121,[2001:db8::121]',
  ...['--dhcp-option=option:T1,3', '--dhcp-option=option:mtu,1400', '--domain=lan.example'],
  '--dhcp-option=option:classless-static-route,0.0.0.0/0,192.0.2.1,198.51.100.0/24,192.0.2.3',
  ...['--enable-ra', '--ra-param=eth0,4,6', '--dhcp-range=2001:db8::100,2001:db8::1ff,64,2m'],
  ...['--address=/printer.lan.example/192.0.2.77', '--address=/printer.lan.example/2001:db8::77'],
];

before(async () => {
  engine = await EngineHost.start();
  ({ host, daemon } = engine);
  server = await LanServer.start(host, 'eth0', wire);
});

after(async () => {
  await server?.[Symbol.asyncDispose]();
  await engine?.[Symbol.asyncDispose]();
});

async function view(name: string, network: string): Promise<Record<string, unknown>> {
  return JSON.parse(await docker('inspect', '-f', `{{json (index .NetworkSettings.Networks "${network}")}}`, name));
}

test('what only the LAN can say is not taken from the user', async () => {
  const parent = ['-d', 'macvlan', '-o', 'parent=eth0'];
  const refused: [readonly string[], RegExp][] = [
    [[...parent, '--subnet', '192.0.2.0/24'], /dhcp ipam driver does not handle specific address pool requests/],
    [['-d', 'macvlan'], /dhcp ipam driver requires a parent interface/],
    [[...parent, '-o', 'macvlan_mode=passthru'], /dhcp ipam driver does not work with macvlan mode passthru/],
    [['-d', 'bridge'], /dhcp ipam driver requires an existing bridge of the host/],
    [['-o', 'com.docker.network.bridge.name=eth0'], /dhcp ipam driver requires an existing bridge of the host/],
    [[...parent, '--ipam-opt', 'com.fairlead.dhcp.timeout=never'], /must be a number of seconds from 1 to 300/],
    [[...parent, '--ipam-opt', 'com.fairlead.dhcp.probe=1s'], /must be a number of milliseconds from 0 to 10000/],
  ];
  for (const [words, message] of refused) {
    const { code, stderr } = await daemon.tryDocker(['network', 'create', '--ipam-driver', 'dhcp', ...words, 'lan']);
    assert.equal(code, 1);
    assert.match(stderr, message);
  }
});

test('a container on macvlan is a host of the LAN in both families before its process starts', async () => {
  await docker('network', 'create', '-d', 'macvlan', '--ipam-driver', 'dhcp', '--ipv6', '-o', 'parent=eth0', 'lan');
  const run = ['run', '--name', 'web', '--hostname', 'web', '--network', 'lan', 'busybox'];
  // What the process sees in its first moment.
  await docker(
    ...run.toSpliced(1, 0, '-d'),
    'sh',
    '-c',
    'ip -o address; ip route; ip -6 route; ip link; cat /etc/resolv.conf; exec sleep 1000',
  );
  const { IPAddress, IPPrefixLen, Gateway, GlobalIPv6Address, GlobalIPv6PrefixLen, IPv6Gateway } = await view(
    'web',
    'lan',
  );
  assert.match(String(IPAddress), /^192\.0\.2\.1(0\d|10)$/);
  assert.match(String(GlobalIPv6Address), /^2001:db8::1[0-9a-f]{2}$/);
  assert.deepEqual([IPPrefixLen, Gateway, GlobalIPv6PrefixLen], [24, '192.0.2.1', 64]);
  assert.match(String(IPv6Gateway), /^fe80::/);
  const seen = await docker('logs', 'web');
  for (const part of [
    `inet ${IPAddress}/24 `,
    `inet6 ${GlobalIPv6Address}/64 `,
    'default via 192.0.2.1 dev eth0',
    '198.51.100.0/24 via 192.0.2.3 dev eth0',
    `default via ${IPv6Gateway} dev eth0`,
    'mtu 1400',
    'search lan.example',
  ]) {
    assert.ok(seen.includes(part), `${part} in\n${seen}`);
  }
});

test('the names of the LAN and the name of the container are answered on both sides', async () => {
  const { IPAddress } = await view('web', 'lan');
  assert.match(await docker('exec', 'web', 'nslookup', 'printer.lan.example'), /192\.0\.2\.77/);
  const asked = await host.outside.exec('busybox', 'nslookup', 'web.lan.example', '192.0.2.1');
  assert.ok(asked.includes(String(IPAddress)), asked);
  assert.match(await host.outside.exec('busybox', 'ping', '-c', '1', String(IPAddress)), / 0% packet loss/);
});

test('what the LAN has said is explained as any other change of the kernel', async () => {
  const { IPAddress, IPv6Gateway } = await view('web', 'lan');
  const explain = async (...words: string[]) =>
    (await host.run([fairlead, 'explain', ...words], { env: { DOCKER_HOST: daemon.address } })).stdout;
  const operations: { readonly id: string; readonly name: string }[] = JSON.parse(await explain('--list', '--json'));
  const stdout = await explain(operations.find(({ name }) => name === 'start web')?.id ?? '');
  assert.match(stdout, new RegExp(`ip .*address add ${IPAddress}/24 `));
  assert.match(stdout, /ip .*route add 198\.51\.100\.0\/24 via 192\.0\.2\.3 dev eth0/);
  assert.match(stdout, new RegExp(`ip .*route add default via ${IPv6Gateway} dev eth0`));
});

test('leases are renewed, by a daemon that was killed and came back too', async () => {
  const both = async (from: number) => {
    await server.hears(/DHCPACK\(eth0\) 192\.0\.2\.1\d\d \S+ web/, from);
    await server.hears(/DHCPREPLY\(eth0\) 2001:db8::1/, from);
  };
  await both(server.position);
  await daemon.kill9();
  await daemon.restart();
  await both(server.position);
});

test('a container that is stopped and started asks for what it had', async () => {
  const addresses = async () => {
    const { IPAddress, GlobalIPv6Address, MacAddress } = await view('web', 'lan');
    return [IPAddress, GlobalIPv6Address, MacAddress];
  };
  const former = await addresses();
  const from = server.position;
  await docker('restart', '-t', '0', 'web');
  assert.deepEqual(await addresses(), former);
  const said = await server.hears(/DHCP[A-Z]+\(eth0\)[^\n]*/, from);
  assert.match(said, /^DHCPREQUEST/);
});

test('what a container had is given back when it is removed, and nothing is left', async () => {
  const from = server.position;
  await docker('rm', '-f', 'web');
  await server.hears(/DHCPRELEASE\(eth0\) 192\.0\.2\.1/, from);
  await server.hears(/DHCPRELEASE\(eth0\)(?! 192)/, from);
  assert.doesNotMatch(server.book(), /192\.0\.2\.1|2001:db8::1/);
});

test('a container that runs joins and leaves the LAN; an address that is reserved there is had by the hardware address', async () => {
  await docker('run', '-d', '--name', 'guest', 'busybox', 'sleep', '1000');
  const config = { Container: 'guest', EndpointConfig: { MacAddress: '02:42:00:00:00:77' } };
  const from = server.position;
  await new ApiClient(`unix://${daemon.socketPath}`).text('POST', '/networks/lan/connect', { body: config });
  assert.equal((await view('guest', 'lan'))['IPAddress'], '192.0.2.120');
  const seen = await docker('exec', 'guest', 'sh', '-c', 'ip -o address show eth1; ip route');
  assert.match(seen, /inet 192\.0\.2\.120\/24 .*198\.51\.100\.0\/24 via 192\.0\.2\.3 dev eth1/s);
  await docker('network', 'disconnect', 'lan', 'guest');
  await server.hears(/DHCPRELEASE\(eth0\) 192\.0\.2\.120/, from);
  await docker('rm', '-f', 'guest');
});

test('an address that another machine has is declined, and another one is used', async () => {
  const pools = ['--subnet', '192.0.2.0/24', '--ipv6', '--subnet', '2001:db8::/64'];
  const soon = ['-o', 'com.docker.network.advertise_addr_ms=100'];
  await docker('network', 'create', '-d', 'macvlan', '-o', 'parent=eth0', ...soon, ...pools, 'fixed');
  const taken = ['--ip', '192.0.2.121', '--ip6', '2001:db8::121'];
  await docker('run', '-d', '--name', 'squatter', '--network', 'fixed', ...taken, 'busybox', 'sleep', '1000');
  const from = server.position;
  const run = ['run', '-d', '--name', 'late', '--network', 'lan', '--mac-address', '02:42:00:00:00:88'];
  await docker(...run, 'busybox', 'sleep', '1000');
  await server.hears(/DHCPDECLINE\(eth0\) 192\.0\.2\.121/, from);
  await server.hears(/DHCPDECLINE\(eth0\)(?! 192)/, from);
  const { IPAddress, GlobalIPv6Address } = await view('late', 'lan');
  assert.match(String(IPAddress), /^192\.0\.2\.1(0\d|10)$/);
  assert.match(String(GlobalIPv6Address), /^2001:db8::1(?!21$)[0-9a-f]{2}$/);
  assert.match(daemon.log(), /"address":"192\.0\.2\.121",.*another machine’s: it is declined/);
  await docker('rm', '-f', 'late', 'squatter');
});

test('an address in use is defended once, and given up for another one when its second user does not give way', async () => {
  await docker('run', '-d', '--name', 'early', '--network', 'lan', 'busybox', 'sleep', '1000');
  const before = await view('early', 'lan');
  const taken = ['--ip', String(before['IPAddress']), '--ip6', String(before['GlobalIPv6Address'])];
  const from = server.position;
  // It says three times that the addresses are its own.
  await docker('run', '-d', '--name', 'squatter', '--network', 'fixed', ...taken, 'busybox', 'sleep', '1000');
  const families = ['IPAddress', 'GlobalIPv6Address'];
  const hasMoved = (now: Record<string, unknown>) => families.every((key) => now[key] && now[key] !== before[key]);
  while (!hasMoved(await view('early', 'lan'))) await sleep(50);
  for (const family of [/DHCPDECLINE\(eth0\) 192/, /DHCPDECLINE\(eth0\)(?! 192)/]) await server.hears(family, from);
  for (const key of families) {
    const log = daemon.log().split('\n');
    const said = log.filter((line) => line.includes(`"${before[key]}"`) && line.includes('another machine'));
    assert.match(said.join('\n'), /it is told whose it is.*\n.*the container gives it up/);
  }
  const [container] = JSON.parse(await docker('inspect', 'early'));
  const { Warnings } = container.NetworkSettings.Networks.lan;
  for (const [at, key] of families.entries()) {
    const meaning = new RegExp(
      `^Another machine .* used ${before[key]}, the address of early, at .*given the address up`,
    );
    assert.match(Warnings[at], meaning);
  }
  const [network] = JSON.parse(await docker('network', 'inspect', 'lan'));
  assert.deepEqual(network.Warnings, Warnings);
  const { code, stdout } = await host.run([fairlead, 'doctor'], { env: { DOCKER_HOST: daemon.address } });
  assert.equal(code, 2);
  assert.ok(stdout.includes(`! address-contested: ${Warnings.join(' ')}`), stdout);
  const { stdout: journal } = await host.run([fairlead, 'log'], { env: { DOCKER_HOST: daemon.address } });
  for (const key of families) {
    const told = `uses ${before[key]}, the address of early on network lan`;
    const consequences = ['it is told whose the address is', 'it does not give way'];
    for (const [at, each] of journal.split(told).slice(1, 3).entries()) {
      assert.ok(each.trimStart().startsWith(consequences[at] ?? ''), journal);
    }
    assert.match(journal, new RegExp(`! machine [0-9a-f:]{17}  ${told}`));
  }
  await docker('rm', '-f', 'early', 'squatter');
  await docker('network', 'rm', 'fixed');
});

test('where nobody answers the container does not start, says why, and leaves nothing', async () => {
  const options = ['--ipam-driver', 'dhcp', '--ipam-opt', 'com.fairlead.dhcp.timeout=1', '-o', 'parent=nobody'];
  await host.exec('ip', 'link', 'add', 'nobody', 'type', 'veth', 'peer', 'name', 'nothing');
  await host.exec('ip', 'link', 'set', 'nothing', 'up');
  await host.exec('ip', 'link', 'set', 'nobody', 'up');
  const id = (await docker('network', 'create', '-d', 'macvlan', ...options, 'silent')).trim();
  const { code, stderr } = await daemon.tryDocker(['run', '--name', 'alone', '--network', 'silent', 'busybox', 'true']);
  assert.equal(code, 125);
  const reason = `no IPv4 address for network silent (${id}): no DHCP server of the LAN has given one within 1s`;
  assert.ok(stderr.includes(`failed to set up container networking: ${reason}`), stderr);
  assert.equal((await host.exec('ls', '/run/netns')).trim(), '');
  await docker('rm', 'alone');
  await docker('network', 'rm', 'silent');
});

test('who waits for an address is stopped, killed and removed at once, and nothing is left', async () => {
  const options = ['--ipam-driver', 'dhcp', '--ipam-opt', 'com.fairlead.dhcp.timeout=300', '-o', 'parent=nobody'];
  await docker('network', 'create', '-d', 'macvlan', ...options, 'silent');
  const run = (name: string) => daemon.tryDocker(['run', '--name', name, '--network', 'silent', 'busybox', 'true']);
  const endings = [['stop'], ['kill'], ['rm'], ['rm', '-f']].map(([command = '', ...flags]) => [command, ...flags]);
  for (const [index, words] of endings.entries()) {
    const name = `waiting${index}`;
    const running = run(name);
    while ((await host.exec('ls', '/run/netns')).trim() === '') await sleep(20);
    const { stderr } = await daemon.tryDocker([...words, name]);
    assert.equal(stderr.replace(/container [0-9a-f]{64}/, 'ID'), words[0] === 'kill' ? gone(name) : '');
    const { code, stderr: told } = await running;
    assert.equal(code, 125);
    assert.match(told, /failed to set up container networking: no IPv4 address for .*: waiting for one was canceled/);
    assert.equal((await host.exec('ls', '/run/netns')).trim(), '');
    if (words[0] !== 'rm') await docker('rm', name);
  }
  assert.equal(await docker('ps', '-aq'), '');
});

test('a container that runs and waits for an address waits no longer when it ends or leaves, or nobody asks any more', async () => {
  const link = ['nsenter', '--net=/run/netns/fl-joiner', 'ip', 'link', 'show', 'up', 'eth1'] as const;
  const isJoining = async () => (await host.run(link)).code === 0;
  const connect = ['network', 'connect', 'silent', 'joiner'];
  const run = ['run', '-d', '--name', 'joiner', 'busybox', 'sleep', '1000'];
  for (const words of [
    ['network', 'disconnect', 'silent', 'joiner'],
    ['network', 'disconnect', '-f', 'silent', 'joiner'],
    ['kill', 'joiner'],
    ['stop', '-t', '0', 'joiner'],
    ['rm', '-f', 'joiner'],
  ]) {
    await docker(...run);
    const connecting = daemon.tryDocker(connect);
    while (!(await isJoining())) await sleep(20);
    await docker(...words);
    const { code, stderr } = await connecting;
    assert.equal(code, 1);
    assert.match(stderr, /no IPv4 address for .*: waiting for one was canceled/);
    assert.equal(await isJoining(), false);
    if (words[0] !== 'rm') await docker('rm', '-f', 'joiner');
  }
  await docker(...run);
  const endings = [
    async (asking: ClientRequest) => void asking.destroy(),
    () => daemon.stop().then(() => daemon.restart()),
    () => daemon.kill9().then(() => daemon.restart()),
  ];
  for (const end of endings) {
    const path = '/networks/silent/connect';
    const asking = request({ socketPath: daemon.socketPath, method: 'POST', path, agent: false });
    asking.on('error', () => {}).setHeader('Content-Type', 'application/json');
    asking.end(JSON.stringify({ Container: 'joiner' }));
    while (!(await isJoining())) await sleep(20);
    await end(asking);
    while (await isJoining()) await sleep(20);
    assert.equal(await view('joiner', 'silent'), null);
  }
  await docker('rm', '-f', 'joiner');
  await docker('network', 'rm', 'silent');
});

const gone = (name: string) => `Error response from daemon: cannot kill container: ${name}: ID is not running\n`;

test('a bridge with the LAN’s interface in it: the host’s own is left alone, addresses are made of announced prefixes', async () => {
  const out = host.outside;
  await host.exec('ip', 'link', 'add', 'br0', 'type', 'bridge');
  await out.exec('ip', 'link', 'add', 'home', 'type', 'veth', 'peer', 'name', 'lan0', 'netns', String(host.pid));
  await host.exec('ip', 'link', 'set', 'lan0', 'up', 'master', 'br0');
  await host.exec('ip', 'link', 'set', 'br0', 'up');
  await out.exec('ip', 'address', 'add', '203.0.113.1/24', 'dev', 'home');
  await out.exec('ip', 'address', 'add', '2001:db8:5::1/64', 'dev', 'home', 'nodad');
  await out.exec('ip', 'link', 'set', 'home', 'up');
  const ranges = (first: string) => [
    `--dhcp-range=${first},${first},255.255.255.0,2m`,
    ...['--dhcp-option=option:T1,3', '--enable-ra', '--dhcp-range=2001:db8:5::,ra-stateless', '--port=0'],
    '--dhcp-option=option6:domain-search,home.example',
  ];
  let home = await LanServer.start(host, 'home', ranges('203.0.113.50'));
  try {
    const names = ['ipv4.conf.br0.route_localnet', 'ipv6.conf.br0.accept_ra', 'ipv6.conf.br0.disable_ipv6'];
    const settings = names.map((name) => `net.${name}`);
    const bridge = async () =>
      (await host.exec('sysctl', ...settings)) + (await host.exec('ip', 'link', 'show', 'br0'));
    const before = await bridge();
    const options = ['--ipam-driver', 'dhcp', '--ipv6', '-o', 'com.docker.network.bridge.name=br0'];
    await docker('network', 'create', ...options, 'flat');
    await docker('run', '-d', '--name', 'tv', '--network', 'flat', 'busybox', 'sleep', '1000');
    assert.equal(await bridge(), before);
    const { IPAddress, Gateway, GlobalIPv6Address, GlobalIPv6PrefixLen } = await view('tv', 'flat');
    assert.deepEqual([IPAddress, Gateway, GlobalIPv6PrefixLen], ['203.0.113.50', '203.0.113.1', 64]);
    assert.match(String(GlobalIPv6Address), /^2001:db8:5:/);
    await home.hears(/DHCPINFORMATION-REQUEST\(home\)/);
    assert.match(await docker('exec', 'tv', 'cat', '/etc/resolv.conf'), /search .*home\.example/);
    const { code, stdout } = await host.run([fairlead, 'doctor'], { env: { DOCKER_HOST: daemon.address } });
    assert.equal(code, 0, stdout);
    for (const address of [IPAddress, GlobalIPv6Address]) {
      assert.match(await out.exec('busybox', 'ping', '-c', '1', String(address)), / 0% packet loss/);
    }
    // The LAN gets other numbers: what is refused goes, and the container follows.
    await home[Symbol.asyncDispose]();
    home = await LanServer.start(host, 'home', ranges('203.0.113.60'));
    await home.hears(/DHCPACK\(home\) 203\.0\.113\.60/);
    while ((await view('tv', 'flat'))['IPAddress'] !== '203.0.113.60') await sleep(50);
    assert.match(await out.exec('busybox', 'ping', '-c', '1', '203.0.113.60'), / 0% packet loss/);
    await docker('rm', '-f', 'tv');
    await docker('network', 'rm', 'flat', 'lan');
    assert.match(await host.exec('ip', '-o', 'link', 'show', 'br0'), /br0/);
  } finally {
    await home[Symbol.asyncDispose]();
  }
});

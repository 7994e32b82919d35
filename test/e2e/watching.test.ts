import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, eventuallyEqual } from './life-rig.ts';
import { type Watching, WatchingRig } from './watching-rig.ts';

/** Commands that show what goes on in the network: `fairlead flows`, `fairlead capture`, `fairlead log`. */

let rig: WatchingRig;

before(async () => {
  rig = await WatchingRig.start(['--flow-history', '50']);
});

after(() => rig?.[Symbol.asyncDispose]());

/** What of a line of `fairlead flows --json` the tests look at. */
interface FlowAnswer {
  readonly from: { readonly kind: string; readonly name?: string };
  readonly to: { readonly kind: string; readonly name?: string; readonly port?: number };
  readonly asked?: { readonly address: string; readonly port: number };
  readonly seenAs?: { readonly address: string };
  readonly verdict: string;
  readonly reason?: string;
  readonly sent?: { readonly bytes: number };
  readonly received?: { readonly bytes: number };
}

function follow(): Watching {
  return rig.watch('flows', '--follow', '--json', '--since', '1h');
}

async function flowWith(flows: Watching, fits: (flow: FlowAnswer) => boolean): Promise<FlowAnswer> {
  return JSON.parse(
    await flows.until((line) => {
      const flow: FlowAnswer = JSON.parse(line);
      return flow.from !== undefined && fits(flow);
    }),
  );
}

async function list(...words: string[]): Promise<FlowAnswer[]> {
  const { code, stdout, stderr } = await rig.command('flows', '--json', ...words);
  assert.equal(code, 0, stderr);
  return stdout
    .trimEnd()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

const text = (flow: FlowAnswer) => JSON.stringify(flow);

test('flows: a connection between two containers of one network is told with its names and its bytes', async () => {
  using flows = follow();
  for (const url of ['http://10.9.1.3/hostname', 'http://[fd00:9:1::3]/hostname']) {
    assert.ok(await rig.fetch('web', url));
  }
  const isOurs = ({ from, to }: FlowAnswer) => from.name === 'web' && to.name === 'db' && to.port === 80;
  const flow = await flowWith(flows, (candidate) => isOurs(candidate) && candidate.verdict === 'closed');
  assert.ok((flow.sent?.bytes ?? 0) > 100 && (flow.received?.bytes ?? 0) > 100, text(flow));
  await flowWith(flows, (other) => isOurs(other) && text(other).includes('fd00:9:1::3'));
});

test('flows: what nobody takes is refused, what a rule drops is dropped', async () => {
  using flows = follow();
  await rig.fetch('web', 'http://10.9.1.3:81/');
  const refused = await flowWith(flows, ({ to }) => to.port === 81);
  assert.equal(refused.verdict, 'refused', text(refused));
  await rig.fetch('web', 'http://10.9.2.2/');
  const dropped = await flowWith(flows, ({ to }) => to.name === 'far');
  assert.equal(dropped.verdict, 'dropped', text(dropped));
  assert.match(dropped.reason ?? '', /^NETFILTER_DROP in host$/);
});

test('flows: a published port and a masqueraded asker are told as both ends see them', async () => {
  using flows = follow();
  const { host } = rig.engine;
  for (const address of [host.addresses.host.ipv4, `[${host.addresses.host.ipv6}]`]) {
    await host.outside.exec('busybox', 'wget', '-qO-', `http://${address}:8080/hostname`);
    const bare = address.replace(/[[\]]/g, '');
    const flow = await flowWith(flows, ({ asked }) => asked?.address === bare);
    assert.deepEqual([flow.from.kind, flow.to.name, flow.to.port, flow.asked?.port], ['outside', 'db', 80, 8080]);
  }
  await rig.fetch('web', `http://${host.addresses.outside.ipv4}:99/`);
  const masked = await flowWith(flows, ({ from, to }) => from.name === 'web' && to.kind === 'outside');
  assert.equal(masked.seenAs?.address, host.addresses.host.ipv4, text(masked));
});

test('flows: those of a container that is gone keep its name, also when another one has its address', async () => {
  const { daemon } = rig.engine;
  const run = (name: string, script: string) =>
    daemon.docker(
      'run',
      '--rm',
      '--name',
      name,
      '--network',
      'app',
      '--ip',
      '10.9.1.77',
      'busybox',
      'sh',
      '-c',
      script,
    );
  await run('old', 'sleep 0.6; wget -qO- http://10.9.1.3/hostname; sleep 0.3');
  await run('new', 'sleep 0.6; wget -qO- http://10.9.1.3/passwd; sleep 0.3');
  for (const name of ['old', 'new']) {
    const ends = async () =>
      (await list('--container', name, '--port', '80')).map(({ from, to }) => [from.name, to.name]);
    await eventuallyEqual(ends, [[name, 'db']]);
  }
  assert.deepEqual(await list('--container', 'nobody'), []);
});

/** How many sockets in a container's namespace see all packets. */
async function packetSockets(container: string): Promise<number> {
  const { host, daemon } = rig.engine;
  const path = (await daemon.docker('inspect', '-f', '{{.NetworkSettings.SandboxKey}}', container)).trim();
  const table = await host.exec('nsenter', `--net=${path}`, 'cat', '/proc/net/packet');
  return table.trim().split('\n').length - 1;
}

test('capture: tcpdump reads what was captured in a container, and names are in the file', async () => {
  const file = join(rig.engine.host.folder, 'web.pcapng');
  {
    using _capture = rig.watch('capture', 'web', '-w', file, 'tcp', 'and', 'host', 'db');
    await eventually('somebody listens', async () => (await packetSockets('web')) === 1);
    for (const url of ['http://10.9.1.3/hostname', 'http://[fd00:9:1::3]/hostname'])
      assert.ok(await rig.fetch('web', url));
    await eventually('it is written', async () => existsSync(file) && readFileSync(file).length > 2000);
    const text = await rig.engine.host.exec('tcpdump', '-nnr', file);
    assert.match(text, /IP 10\.9\.1\.2\.\d+ > 10\.9\.1\.3\.80: Flags \[S\]/);
    await eventually('there is a packet of IPv6', async () => {
      const read = await rig.engine.host.exec('tcpdump', '-nnr', file, 'ip6');
      return /IP6 fd00:9:1::2\.\d+ > fd00:9:1::3\.80: Flags \[S\]/.test(read);
    });
    assert.doesNotMatch(text, /ARP|ICMP/);
    assert.match(readFileSync(file, 'latin1'), /\x0a\x09\x01\x03db\x00/);
  }
  // The command was killed: nothing listens any more.
  await eventually('nobody listens', async () => (await packetSockets('web')) === 0);
});

test('capture: what a network forwards, and the host’s end of a cable, are lines where they are read', async () => {
  for (const words of [['app'], ['web', '--host-side']]) {
    const command = ['capture', ...words, '--text', '-c', '1', 'dst', 'port', '80'];
    using capture = rig.watch(...command);
    const asking = setInterval(() => void rig.fetch('web', 'http://10.9.1.3/hostname'), 500);
    try {
      const line = await capture.until((text) => text.includes('10.9.1.3:80'));
      assert.match(line, /^[\d:.]+ {2}host:\S+ in {2}10\.9\.1\.2:\d+ → 10\.9\.1\.3:80 tcp SYN {2}74 bytes$/);
      await eventually('it ends', async () => capture.complaints().includes('1 packet captured, 0 dropped'));
    } finally {
      clearInterval(asking);
    }
  }
});

test('capture: what makes no sense is refused before anything is written', async () => {
  for (const [words, says] of [
    [['web', 'port', 'http'], /the filter makes no sense: "http" is no port/],
    [['nobody'], /No such container or network: nobody/],
    [['web', '--duration', 'long'], /time: invalid duration "long"/],
  ] as const) {
    const { code, stdout, stderr } = await rig.command('capture', ...words);
    assert.notEqual(code, 0);
    assert.equal(stdout, '');
    assert.match(stderr, says);
  }
});

test('capture: Wireshark lists containers and networks, and gets packets through its pipe', async () => {
  const { host } = rig.engine;
  const { stdout } = await rig.command('extcap', '--extcap-interfaces', '--extcap-version=4.4');
  assert.match(stdout, /^interface \{value=fairlead-db\}\{display=Fairlead: container db\}$/m);
  assert.match(stdout, /^interface \{value=fairlead-app\}\{display=Fairlead: network app\}$/m);
  const fifo = join(host.folder, 'extcap.fifo');
  await host.exec('mkfifo', fifo);
  const filter = ['--extcap-capture-filter', 'tcp dst port 80'];
  using _capture = rig.watch('extcap', '--capture', '--extcap-interface', 'fairlead-db', '--fifo', fifo, ...filter);
  const reading = host.run(['timeout', '15', 'tcpdump', '-nnc', '1', '-r', fifo]);
  const asking = setInterval(() => void rig.fetch('web', 'http://10.9.1.3/hostname'), 500);
  try {
    assert.match((await reading).stdout, /10\.9\.1\.2\.\d+ > 10\.9\.1\.3\.80: Flags \[S\]/);
  } finally {
    clearInterval(asking);
  }
});

/** What of a line of `fairlead log --json` the tests look at. */
interface LogAnswer {
  readonly kind: string;
  readonly name: string;
  readonly operation?: string;
  readonly steps?: number;
  readonly program?: string;
  readonly details?: readonly string[];
}

async function journal(...words: string[]): Promise<LogAnswer[]> {
  const { code, stdout, stderr } = await rig.command('log', '--json', ...words);
  assert.equal(code, 0, stderr);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('log: operations and what others do are told in order, as they are done', async () => {
  const { host, daemon } = rig.engine;
  using log = rig.watch('log', '--follow', '--json', '--since', '1h');
  await log.until((line) => line.includes('"start far"'));
  await daemon.docker('network', 'create', '--subnet', '10.9.9.0/24', 'brief');
  await host.exec('nft', 'add table ip mine; add chain ip mine c; add rule ip mine c tcp dport 81 drop');
  await log.until((line) => line.includes('table ip mine added'));
  const bridge = `br-${(await daemon.docker('network', 'inspect', '-f', '{{.Id}}', 'brief')).slice(0, 12)}`;
  // What comes within three seconds of our own work is taken for its consequence.
  await sleep(3100);
  await host.exec('ip', 'link', 'set', bridge, 'mtu', '1300');
  await log.until((line) => line.includes(`${bridge}: MTU 1500 changed to 1300`));
  await host.exec('ip', 'link', 'set', bridge, 'down');
  const loss: LogAnswer = JSON.parse(await log.until((line) => line.includes(`${bridge} set down`)));
  assert.match(loss.details?.[0] ?? '', /^put back: /);
  await host.exec('bash', '-c', 'ip route add 10.77.0.0/16 via 192.0.2.1; ip address add 192.0.2.77/32 dev eth0');
  await host.exec('sysctl', '-qw', 'net.ipv4.conf.default.rp_filter=2');
  for (const name of [
    'route 10.77.0.0/16 via 192.0.2.1 dev eth0 added',
    'eth0: address 192.0.2.77/32 added',
    'net.ipv4.conf.default.rp_filter: ',
  ])
    await log.until((line) => line.includes(name));
  await host.exec('iptables-legacy', '-A', 'FORWARD', '-s', '10.79.0.0/24', '-p', 'tcp', '--dport', '25', '-j', 'DROP');
  await log.until((line) => line.includes('legacy ip filter: 1 rule added to FORWARD'));
  await daemon.docker('network', 'rm', 'brief');
  await host.exec('nft', 'delete table ip mine');
  await log.until((line) => line.includes('table ip mine removed'));
  const entries = await journal();
  const names = entries.map(({ name }) => name);
  const places = [
    'daemon started',
    'network create brief',
    'table ip mine added',
    `${bridge}: MTU`,
    'network rm brief',
  ];
  const order = places.map((start) => names.findLastIndex((name) => name.startsWith(start)));
  assert.ok(!order.includes(-1), names.join('\n'));
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
  const change = entries.find(({ name }) => name.startsWith('table ip mine added'));
  assert.equal(change?.program, 'nft');
  assert.deepEqual(change?.details, ['ip mine c: tcp dport 81 drop']);
  const authors = {
    [`${bridge}: MTU 1500 changed to 1300`]: 'ip',
    'route 10.77.0.0/16 via 192.0.2.1 dev eth0 added': 'ip',
    'eth0: address 192.0.2.77/32 added': 'ip',
    'net.ipv4.conf.default.rp_filter': 'sysctl',
    'legacy ip filter: 1 rule added to FORWARD': 'iptables-legacy',
  };
  for (const [beginning, program] of Object.entries(authors))
    assert.equal(entries.find(({ name }) => name.startsWith(beginning))?.program, program, beginning);
  const own = entries.filter(
    ({ kind, name }) =>
      kind === 'foreign' &&
      ![' mine', bridge, '10.77.', '.77/32', '.default.rp_', 'legacy '].some((mark) => name.includes(mark)),
  );
  assert.deepEqual(own, [], 'what the engine does is nobody else’s');
});

test('log: it outlives the daemon, whose numbers of operations do not', async () => {
  const { daemon } = rig.engine;
  const [before] = (await journal('--kind', 'operation')).filter(({ name }) => name === 'start web');
  const { code, stdout } = await rig.command('explain', before?.operation ?? 'none');
  assert.equal(code, 0);
  assert.match(stdout, /ip link add/);
  await daemon.restart();
  const entries = await journal();
  const after = entries.find(({ name }) => name === 'start web');
  assert.deepEqual([after?.steps, after?.operation], [before?.steps, undefined]);
  assert.ok(entries.some(({ name }) => name === 'daemon stopped'));
  assert.deepEqual([...new Set((await journal('--kind', 'daemon')).map(({ kind }) => kind))], ['daemon']);
});

test('flows: what was set in the host meanwhile is given back, also by the start after a kill', async () => {
  const { host, daemon } = rig.engine;
  const accounting = async () => (await host.exec('sysctl', '-n', 'net.netfilter.nf_conntrack_acct')).trim();
  // It is set a moment after the API answers.
  await eventuallyEqual(accounting, '1');
  await daemon.kill9();
  assert.equal(await accounting(), '1');
  await daemon.restart();
  const tables = 'for n in /run/netns/*; do nsenter --net=$n nft list tables; done';
  await daemon.stop();
  assert.equal(await accounting(), '0');
  assert.doesNotMatch(await host.exec('bash', '-c', tables), /flow-watch/);
  await daemon.restart();
});

import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { ApiClient } from '@fairlead/api/client';
import { Kernel, Recorder } from '@fairlead/kernel';
import { busyboxImage, Daemon, Host } from '@fairlead/lab';

/**
 * What `fairlead explain` prints, typed into the real tools on a second host that has no daemon, gives the same kernel
 * state there, after every single command. Both hosts have a `/run/netns` of their own, so the names are the same too.
 * Asked before, each command says what it then does, and changes nothing; and what undoes it leads back to the state before.
 */

const fairlead = resolve(import.meta.dirname, '../../fairlead');

/** As `/fairlead/operations/{id}/account` has it. */
interface Account {
  readonly undo: readonly string[];
}

let host: Host;
let twin: Host;
let daemon: Daemon;
/** Operations that the twin has seen, the last one last. Those that ran at once end in any order. */
const replayed: number[] = [];

/** Taken apart also when a step of the set-up fails. */
const parts = new AsyncDisposableStack();

before(async () => {
  host = parts.use(await Host.create({ kernel: new Kernel(new Recorder()) }));
  twin = parts.use(await Host.create({ kernel: new Kernel(new Recorder()) }));
  await Promise.all([host, twin].map(likeAnyOther));
  daemon = parts.use(await Daemon.fairlead(host));
  const image = join(host.folder, 'busybox.tar');
  await busyboxImage(image);
  await daemon.docker('load', '-i', image);
});

after(() => parts.disposeAsync());

/** The address of a host's own card is random, and not Fairlead's. */
async function likeAnyOther(machine: Host): Promise<void> {
  await machine.exec('ip', 'link', 'set', 'eth0', 'address', '02:00:00:00:00:02');
  await machine.exec('ip', '-6', 'address', 'flush', 'dev', 'eth0', 'scope', 'link');
}

function tryFairlead(...words: string[]) {
  return host.run([fairlead, ...words], { env: { DOCKER_HOST: daemon.address } });
}

async function explain(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await tryFairlead('explain', ...words);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** What the twin has not done yet, oldest first. */
async function newOperations(): Promise<{ id: number; name: string }[]> {
  const operations: { id: string; name: string }[] = JSON.parse(await explain('--list', '--json'));
  return operations
    .map(({ id, name }) => ({ id: Number(id), name }))
    .filter(({ id }) => !replayed.includes(id))
    .reverse();
}

/** What Fairlead did since the last time, and how it is undone, the last first. */
interface Replayed {
  readonly names: readonly string[];
  readonly scripts: readonly string[];
  readonly undo: readonly string[];
}

/** Do on the twin what Fairlead did since the last time. */
async function replay(): Promise<Replayed> {
  const operations = await newOperations();
  const scripts: string[] = [];
  const undo: string[] = [];
  for (const { id, name } of operations) {
    const script = await explain(String(id));
    scripts.push(script);
    undo.unshift((await account(id)).undo.map((line) => `${line}\n`).join(''));
    assertRunnable(script);
    await runOnTwin(script, name);
    replayed.push(id);
  }
  return { names: operations.map(({ name }) => name), scripts, undo };
}

async function account(id: number): Promise<Account> {
  return await new ApiClient(`unix://${daemon.socketPath}`).json<Account>('GET', `/fairlead/operations/${id}/account`);
}

async function runOnTwin(script: string, name: string): Promise<void> {
  const { code, stderr } = await twin.run(['bash', '-e'], { input: script });
  assert.equal(code, 0, `${name}\n${script}\n${stderr}`);
}

/** Every line is a command of a tool that everybody has, or stands between the quotes of one. */
function assertRunnable(script: string): void {
  const commands = script
    .trimEnd()
    .replaceAll(/<<'NFT'\n[\s\S]*?\nNFT$/gm, '')
    .split('\n');
  for (const command of commands)
    assert.match(command, /^(ip|bridge|tc|nft|sysctl|conntrack|nsenter --net=\S+ (nft|sysctl)) /);
}

/**
 * Everything that the tools can tell about a namespace; with the name of the namespace before it. What is learnt from
 * packets is left out.
 */
const tellAll = `
tell() {
  echo "== $1 $2"; shift 2
  "$@"
}
tellNamespace() {
  name=$1; shift
  tell "$name" link "$@" ip -j -d link
  tell "$name" address "$@" ip -j -d address
  tell "$name" route4 "$@" ip -4 -j -d route show table all
  tell "$name" route6 "$@" ip -6 -j -d route show table all
  tell "$name" rule4 "$@" ip -4 -j -d rule
  tell "$name" rule6 "$@" ip -6 -j -d rule
  tell "$name" fdb "$@" bridge -j fdb
  tell "$name" ruleset "$@" nft -j list ruleset
  tell "$name" sysctl "$@" grep -rs '' /proc/sys/net/ipv4/conf /proc/sys/net/ipv6/conf /proc/sys/net/ipv4/ip_forward || :
}
tellNamespace host
for name in $(ls /run/netns); do tellNamespace "$name" nsenter "--net=/run/netns/$name"; done
`;

/**
 * What differs between two machines that did the same: numbers, times, counters, who holds a table; and what a bridge keeps
 * of a port that it had.
 */
const volatile = new Set([
  ...['ifindex', 'link_index', 'link_netnsid', 'handle', 'refcnt', 'bytes', 'packets', 'gc_timer', 'hello_timer'],
  ...['tcn_timer', 'topology_change_timer', 'hold_timer', 'message_age_timer', 'forward_delay_timer', 'timer'],
  ...[
    'tso_max_size',
    'valid_life_time',
    'preferred_life_time',
    'multicast_startup_query_interval',
    'ageing',
    'metainfo',
    'fdb_n_learned',
  ],
]);

/** The state of a host: a line for each thing, which says in which namespace it is and of which kind. */
async function kernelState(machine: Host): Promise<string[]> {
  const [, ...sections] = (await machine.exec('bash', '-c', tellAll)).split(/^== /m);
  return sections.flatMap((section) => {
    const [title = '', ...lines] = section.trimEnd().split('\n');
    const things = title.endsWith('sysctl') ? lines.sort() : thingsIn(lines.join('\n'));
    return things.map((thing) => `${title}: ${thing}`);
  });
}

/** The order of rules is part of what they mean; that of all else depends on hashes. */
function thingsIn(text: string): string[] {
  const state: unknown = JSON.parse(text === '' ? '[]' : text, (key, value: unknown) => {
    const isOwnership = key === 'flags' && Array.isArray(value) && value.includes('owner');
    return volatile.has(key) || isOwnership ? undefined : value;
  });
  if (!Array.isArray(state))
    return Object.values(Object(state))
      .flat()
      .map((thing) => JSON.stringify(thing));
  return state
    .map((thing) => JSON.stringify(thing))
    .filter((thing) => !/"state":""/.test(thing))
    .sort();
}

/**
 * Without what the kernel does by itself when a link gets a carrier, some time later, and keeps when it has lost it again; and
 * without the numbers of a bridge's ports, which go by who came first.
 */
function lasting(line: string): string[] {
  if (/"dst":"fe80:|"mac":"33:33:ff:/.test(line)) return [];
  const byItself = /,?\{[^{}]*"fe80:[^{}]*\}|,"tentative":true|"(NO-CARRIER|LOWER_UP|linkdown)",?|"operstate":"\w+",/g;
  const numbers = /"(id|no)":"0x\w+",|"designated_port":\d+,/g;
  return [
    line
      .replaceAll(byItself, '')
      .replaceAll(numbers, '')
      .replaceAll(/(?<=\[),|,(?=\])/g, ''),
  ];
}

/** The twin is as the host is. */
function assertSameState(): Promise<void> {
  return assertState(
    () => kernelState(host),
    (line) => [line],
    'the replay gave something else:',
  );
}

/** Carrier and address detection settle in the background, for each host in its own time. */
async function assertState(
  stateWanted: () => Promise<readonly string[]>,
  comparable: (line: string) => readonly string[],
  fault: string,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const states = await Promise.all([stateWanted(), kernelState(twin)]);
    const [wanted = [], actual = []] = states.map((state) => state.flatMap(comparable));
    if (isDeepStrictEqual(actual, wanted)) return;
    if (attempt < 20) await sleep(100);
    else {
      const [inHost, inTwin] = [new Set(wanted), new Set(actual)];
      const missing = wanted.filter((thing) => !inTwin.has(thing)).map((thing) => `- ${thing}`);
      const extra = actual.filter((thing) => !inHost.has(thing)).map((thing) => `+ ${thing}`);
      assert.fail([fault, ...missing, ...extra].join('\n'));
    }
  }
}

test('what the start of the daemon did can be replayed', async () => {
  assert.notDeepEqual(await kernelState(twin), await kernelState(host));
  assert.deepEqual((await replay()).names, ['add table fairlead']);
  await assertSameState();
});

test('a network on a parent that is there asks nothing of the kernel', async () => {
  const subnet = ['--subnet', '10.8.0.0/24', '--gateway', '10.8.0.1'];
  await daemon.docker('network', 'create', '-d', 'macvlan', '-o', 'parent=eth0', ...subnet, 'wire');
  assert.deepEqual((await replay()).names, []);
  await assertSameState();
});

const busybox = ['busybox', 'sleep', '1000'];
const cases: [command: string[], operation: string][] = [
  [['network', 'create', '--subnet', '10.9.0.0/24', 'app'], 'network create app'],
  [['run', '-d', '--name', 'web', '-p', '8080:80', '--network', 'app', ...busybox], 'start web'],
  [
    ['network', 'create', '--ipv6', '--subnet', 'fd00:9::/64', '--opt', 'com.docker.network.driver.mtu=1400', 'six'],
    'network create six',
  ],
  [['network', 'create', '--internal', 'inner'], 'network create inner'],
  [['network', 'connect', '--ip6', 'fd00:9::77', 'six', 'web'], 'network connect six web'],
  [['network', 'connect', 'inner', 'web'], 'network connect inner web'],
  [['network', 'connect', '--ip', '10.8.0.7', 'wire', 'web'], 'network connect wire web'],
  [['run', '-d', '--name', 'wired', '--network', 'wire', ...busybox], 'start wired'],
  [['run', '-d', '--name', 'old', '-p', '127.0.0.1:9000-9010:9000-9010/udp', ...busybox], 'start old'],
  [
    ['run', '-d', '--name', 'both', '-p', '[2001:db8::2]:7000:70', '-p', '7001:71', '--network', 'six', ...busybox],
    'start both',
  ],
  [['run', '-d', '--name', 'alone', '--network', 'none', ...busybox], 'start alone'],
  [['port', 'add', 'web', '9090:90', '9443:443/udp'], 'ports web'],
  [['port', 'allow', 'web', '9090:90', '--from', '10.9.0.0/24', '--from', 'fd00:9::/64'], 'ports web'],
  [['network', 'limit', 'app', 'web', '--in', '10mbit', '--out', '5mbit'], 'network limit app web'],
  [['network', 'update', 'app', '--mtu', '1400'], 'network update app'],
  [['network', 'disconnect', 'six', 'web'], 'network disconnect six web'],
  [['network', 'disconnect', 'wire', 'web'], 'network disconnect wire web'],
  [['stop', '-t', '0', 'old'], 'end old'],
  [['start', 'old'], 'start old'],
  [['rm', '-f', 'web', 'old', 'both', 'alone', 'wired'], 'end web'],
  [['network', 'rm', 'app', 'six', 'inner'], 'network rm app'],
];

/** The command that asks what a command of docker would do; `undefined` where nobody can ask. */
function rehearsalOf([first = '', second = '', ...rest]: readonly string[]): string[] | undefined {
  if (first === 'run') return ['explain', 'run', second, ...rest];
  return first === 'network' || first === 'port' ? [first, second, '--dry-run', ...rest] : undefined;
}

/** Ask what a command would do, where that can be asked; nothing is changed by it. */
async function rehearse(command: readonly string[]) {
  const words = rehearsalOf(command);
  if (words === undefined) return undefined;
  const before = await everything();
  const rehearsed = await tryFairlead(...words);
  assert.deepEqual(await everything(), before, 'asking changes nothing');
  return rehearsed;
}

/** What Docker has no words for. */
function isOwn(command: readonly string[]): boolean {
  return /^(port|network (limit|update))\b/.test(command.join(' '));
}

/** What follows of reasons and of the way back stands behind a `#`. */
function withoutComments(script: string): string {
  return script.replaceAll(/^#.*\n/gm, '');
}

/** Without what is made up anew each time. */
function withoutChance(script: string): string {
  return script
    .replaceAll(/\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, 'MAC')
    .replaceAll(/\bveth[0-9a-z]+|\bbr-[0-9a-f]{12}/g, (name) => name.slice(0, 2))
    .replaceAll(/\b[0-9a-f]{12}\b|(?<= index )\d+/g, 'ID')
    .replaceAll(/\b\d{5}\b/g, 'PORT');
}

/** What lasts of the kernel, and what is stored and told of it. */
async function everything(): Promise<readonly string[]> {
  using database = openDatabase();
  const stored = database.all('SELECT kind, id, value FROM object ORDER BY kind, id');
  const sockets = await host.exec('ss', '-Hlntuw');
  const told = await new ApiClient(`unix://${daemon.socketPath}`).text('GET', '/fairlead/log?kind=operation');
  return [...(await kernelState(host)).flatMap(lasting), ...stored, ...sockets.split('\n').sort(), told];
}

function openDatabase() {
  const database = new DatabaseSync(join(host.folder, 'data', 'state.db'), { readOnly: true });
  const all = (query: string) =>
    database
      .prepare(query)
      .all()
      .map((row) => JSON.stringify(row));
  return { all, [Symbol.dispose]: () => database.close() };
}

for (const [command, operation] of cases) {
  test(`what docker ${command.join(' ').replace(/ busybox.*/, '')} did can be replayed`, async () => {
    const rehearsed = await rehearse(command);
    if (isOwn(command)) assert.equal((await tryFairlead(...command)).code, 0);
    else await daemon.docker(...command);
    const twinBefore = await kernelState(twin);
    const { names, scripts, undo } = await replay();
    assert.ok(names.includes(operation), names.join(', '));
    await assertSameState();
    await runOnTwin(undo.join(''), `undo ${names.join(', ')}`);
    await assertState(async () => twinBefore, lasting, 'to undo it gave something else:');
    await runOnTwin(scripts.join(''), 'once more');
    await assertSameState();
    if (rehearsed === undefined) return;
    assert.equal(rehearsed.code, 0, rehearsed.stderr);
    assertRunnable(withoutComments(rehearsed.stdout));
    assert.equal(withoutChance(withoutComments(rehearsed.stdout)), withoutChance(scripts.join('')));
    // What goes in any order goes in the order of names that are made up.
    const commented = undo.join('').replaceAll(/^/gm, '#   ');
    assert.deepEqual(
      withoutChance(rehearsed.stdout)
        .split('\n')
        .filter((line) => line.startsWith('#   '))
        .sort(),
      withoutChance(commented)
        .split('\n')
        .filter((line) => line !== '#   ')
        .sort(),
    );
  });
}

test('without a name the last operation is explained, and one that is not known is refused', async () => {
  assert.equal(await explain(), await explain(String(replayed.at(-1))));
  const { code, stderr } = await host.run([fairlead, 'explain', '4711'], { env: { DOCKER_HOST: daemon.address } });
  assert.notEqual(code, 0);
  assert.match(stderr, /No such operation: 4711/);
});

/** What cannot be, and why: when `web` runs on `app` with port 8080, and another program listens on port 4000. */
const refusals: [command: string[], reason: RegExp][] = [
  [['network', 'create', 'app'], /network with name app already exists/],
  [['network', 'create', '--subnet', '10.9.0.128/25', 'more'], /Pool overlaps with other one on this address space/],
  [['network', 'create', '--ipv6', '--subnet', 'fd00:9::/64', 'more'], /Pool overlaps with other one/],
  [['network', 'rm', 'app'], /network app has active endpoints/],
  [['network', 'rm', 'nowhere'], /network nowhere not found/],
  [['network', 'connect', 'app', 'web'], /endpoint with name web already exists in network app/],
  [['network', 'connect', '--ip6', 'fd00:9::1', 'six', 'web'], /Address already in use/],
  [['run', '-d', '--name', 'web', ...busybox], /The container name "\/web" is already in use/],
  [['run', '-d', 'nowhere'], /No such image: nowhere/],
  [
    ['run', '-d', '--name', 'other', '-p', '8080:80', ...busybox],
    /Bind for \S+:8080 failed: port is already allocated/,
  ],
  [
    ['run', '-d', '--name', 'other', '-p', '4000:80', ...busybox],
    /failed to bind host port \S+:4000\/tcp: address already/,
  ],
  [['run', '-d', '--name', 'other', '--network', 'app', '--ip', '10.9.0.2', ...busybox], /Address already in use/],
];

test('what cannot be is refused when it is asked for in the words of the operation, and nothing is left of it', async () => {
  const holder = host.start(['busybox', 'nc', '-l', '-p', '4000']);
  while ((await host.exec('ss', '-Hltn', 'sport = :4000')) === '') await sleep(20);
  await daemon.docker('network', 'create', '--subnet', '10.9.0.0/24', 'app');
  await daemon.docker('network', 'create', '--ipv6', '--subnet', 'fd00:9::/64', 'six');
  await daemon.docker('run', '-d', '--name', 'web', '-p', '8080:80', '--network', 'app', ...busybox);
  const before = await everything();
  for (const [command, reason] of refusals) {
    const { code, stdout, stderr } = await tryFairlead(...(rehearsalOf(command) ?? []));
    assert.match(stderr, reason, command.join(' '));
    assert.equal(stdout, '');
    assert.notEqual(code, 0);
  }
  assert.deepEqual(await everything(), before);
  holder.kill();
});

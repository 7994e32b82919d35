import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon, Host } from '@fairlead/lab';
import { Dice } from './dice.ts';
import { EngineHost } from './engine-host.ts';
import { kernelState, settled } from './kernel-state.ts';

/**
 * Operations at random, with the whole daemon killed in the middle of some of them. After every kill kernel and API tell
 * the same, and in the end nothing is left over. `FAIRLEAD_WALK_STEPS=2000` for a long walk, `FAIRLEAD_TEST_SEED` for one
 * that was there before.
 */

const STEPS = Number(process.env['FAIRLEAD_WALK_STEPS'] ?? 50);
/** One in so many operations is interrupted. */
const KILLED = 10;
const containers = ['c0', 'c1', 'c2', 'c3'];
const networks = ['plain', 'dual', 'inner', 'wire'];

let engine: EngineHost;
let host: Host;
let daemon: Daemon;

before(async () => {
  engine = await EngineHost.start();
  ({ host, daemon } = engine);
});
after(() => engine[Symbol.asyncDispose]());

/** The status of an answer; 0 for none, since the daemon died meanwhile. */
async function ask(method: string, path: string, body?: object): Promise<{ status: number; text: string }> {
  const { promise, resolve } = Promise.withResolvers<{ status: number; text: string }>();
  const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
  let answer = { status: 0, text: '' };
  const call = request({ socketPath: daemon.socketPath, method, path, headers }, (response) => {
    answer = { status: response.statusCode ?? 0, text: '' };
    response.on('data', (piece: Buffer) => {
      answer.text += String(piece);
    });
    response.on('error', () => {});
  });
  call.on('error', () => {});
  call.on('close', () => resolve(answer));
  call.end(body === undefined ? undefined : JSON.stringify(body));
  return await promise;
}

type Step = readonly [method: string, path: string, body?: object];

function createContainer(dice: Dice): Step {
  const [name, network, port] = [dice.of(containers), dice.of(networks), 8100 + dice.below(6)];
  const bindings = { '80/tcp': [{ HostPort: `${port}` }], '53/udp': [{ HostPort: `${port}` }] };
  const limits = dice.of([{}, { 'com.fairlead.bandwidth.in': '10mbit' }]);
  const labels = dice.of([{}, { 'com.fairlead.port.80.sources': '192.0.2.0/24,2001:db8::/64' }]);
  return [
    'POST',
    `/containers/create?name=${name}`,
    {
      Image: 'busybox',
      Cmd: ['sleep', '1000'],
      Labels: labels,
      HostConfig: { NetworkMode: network, PortBindings: bindings },
      NetworkingConfig: { EndpointsConfig: { [network]: { DriverOpts: limits } } },
    },
  ];
}

function createNetwork(dice: Dice): Step {
  return ['POST', '/networks/create', networkOf(dice.of(networks))];
}

/** `wire` is on the host's own, in both families. */
function networkOf(Name: string): object {
  if (Name !== 'wire') return { Name, EnableIPv6: Name === 'dual', Internal: Name === 'inner' };
  const Config = [{ Subnet: '10.70.0.0/24' }, { Subnet: 'fd70::/64' }];
  return { Name, Driver: 'macvlan', EnableIPv6: true, Options: { parent: 'eth0' }, IPAM: { Config } };
}

/** What may happen; those that come twice are twice as likely. */
const steps: readonly ((dice: Dice) => Step)[] = [
  createContainer,
  createContainer,
  createContainer,
  createNetwork,
  (dice) => ['POST', `/containers/${dice.of(containers)}/start`],
  (dice) => ['POST', `/containers/${dice.of(containers)}/start`],
  (dice) => ['POST', `/containers/${dice.of(containers)}/restart?t=0`],
  (dice) => ['POST', `/containers/${dice.of(containers)}/stop?t=0`],
  (dice) => ['DELETE', `/containers/${dice.of(containers)}?force=1`],
  (dice) => ['POST', `/networks/${dice.of(networks)}/connect`, { Container: dice.of(containers) }],
  (dice) => ['POST', `/networks/${dice.of(networks)}/disconnect`, { Container: dice.of(containers) }],
  // Most are in use.
  (dice) => ['DELETE', `/networks/${dice.of(networks)}`],
  (dice) => [
    'POST',
    `/fairlead/containers/${dice.of(containers)}/ports`,
    { ports: dice.of([[], ['8107:80,from=192.0.2.0/24'], ['8108:81', '53/udp']]) },
  ],
  (dice) => [
    'POST',
    `/fairlead/networks/${dice.of(networks)}/update`,
    {
      options: dice.of([
        { 'com.docker.network.driver.mtu': '1400' },
        { 'com.docker.network.driver.mtu': null },
        { 'com.docker.network.bridge.enable_icc': 'false' },
        { 'com.docker.network.bridge.enable_icc': null },
      ]),
    },
  ],
];

interface Inspected {
  readonly Name: string;
  readonly NetworkSettings: {
    readonly Ports: Readonly<Record<string, readonly { readonly HostPort: string }[] | null>>;
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string; readonly GlobalIPv6Address: string }>>;
  };
}

async function json<T>(path: string): Promise<T> {
  const { status, text } = await ask('GET', path);
  assert.equal(status, 200, `${path}: ${text}`);
  return JSON.parse(text);
}

/** What the API says is so: addresses by namespace, and host ports. */
async function told(): Promise<readonly string[]> {
  const running = await json<readonly { readonly Id: string }[]>('/containers/json');
  const inspected = await Promise.all(running.map(({ Id }) => json<Inspected>(`/containers/${Id}/json`)));
  return inspected.flatMap(({ Name, NetworkSettings: { Ports, Networks } }) => [
    ...Object.values(Networks)
      .flatMap(({ IPAddress, GlobalIPv6Address }) => [IPAddress, GlobalIPv6Address])
      .filter(Boolean)
      .map((address) => `fl-${Name.slice(1)} ${address}`),
    ...Object.entries(Ports).flatMap(([port, bindings]) =>
      (bindings ?? []).map(({ HostPort }) => `${port.split('/')[1]} ${HostPort}`),
    ),
  ]);
}

/** The same, as the kernel has it. */
async function seen(): Promise<readonly string[]> {
  const spaces = (await host.exec('ls', '/run/netns')).split('\n').filter((name) => name.startsWith('fl-'));
  const addresses = await Promise.all(
    spaces.map(async (space) => {
      const text = await host.exec('ip', '-n', space, '-o', 'address', 'show', 'scope', 'global');
      return [...text.matchAll(/ inet6? ([^/]+)\//g)].map(([, address]) => `${space} ${address}`);
    }),
  );
  const maps = await host.exec('nft', 'list', 'table', 'inet', 'fairlead');
  const sets = [...maps.matchAll(/map (?:limited_)?publish[46] \{[^}]*?elements = \{([^}]*)\}/g)];
  const ports = sets.flatMap(([, elements = '']) => [...elements.matchAll(/(tcp|udp) \. (\d+) :/g)]);
  return [...addresses.flat(), ...ports.map(([, protocol, port]) => `${protocol} ${port}`)];
}

/** Ports for IPv6 of containers without it are relayed, and in no map: each is compared once. */
async function assertAgreement(where: string): Promise<void> {
  const unique = (items: readonly string[]) => [...new Set(items)].sort();
  for (let attempt = 0; ; attempt++) {
    const [api, kernel] = [unique(await told()), unique(await seen())];
    if (attempt === 30 || api.join() === kernel.join()) return assert.deepEqual(kernel, api, where);
    await sleep(50);
  }
}

test('after every kill kernel and API agree, and in the end nothing is left over', async (t) => {
  const idle = await kernelState(host);
  const dice = new Dice();
  const { seed } = dice;
  t.diagnostic(`seed ${seed}, ${STEPS} steps`);
  const statuses = new Map<number, number>();
  for (const Name of networks) {
    assert.equal((await ask('POST', '/networks/create', networkOf(Name))).status, 201);
  }
  for (let step = 1; step <= STEPS; step++) {
    const [method, path, body] = dice.of(steps)(dice);
    const where = `seed ${seed}, step ${step}: ${method} ${path}`;
    const asked = ask(method, path, body);
    const killed = dice.below(KILLED) === 0;
    if (killed) {
      await sleep(dice.below(120));
      await daemon.kill9();
    }
    const { status, text } = await asked;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    assert.ok(killed || (status > 0 && status !== 501), `${where}: ${status} ${text}\n${daemon.log().slice(-2000)}`);
    assert.ok(status !== 500 || /port is already allocated|is not connected to/.test(text), `${where}: ${text}`);
    if (!killed) continue;
    await daemon.restart();
    await assertAgreement(where);
  }
  await assertAgreement(`seed ${seed}, end`);
  t.diagnostic([...statuses].map(([status, count]) => `${status || 'killed'}: ${count}`).join(', '));
  for (const name of containers) await ask('DELETE', `/containers/${name}?force=1`);
  for (const name of networks) assert.match(`${(await ask('DELETE', `/networks/${name}`)).status}`, /204|404/);
  await settled(host, idle, `seed ${seed}: something is left over`);
});

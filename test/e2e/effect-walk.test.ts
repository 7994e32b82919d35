import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Dice } from './dice.ts';
import { EffectWalkRig, type Step } from './effect-walk-rig.ts';
import { difference, type Remains } from './interruption-rig.ts';
import { kernelState, settled } from './kernel-state.ts';
import { eventuallyEqual } from './life-rig.ts';

/**
 * Each operation is done again and again, and the daemon is killed before its first effect, before its second one, and so on,
 * until it gets through; one time in three the name service dies with it, one time in three containerd. Whatever the moment,
 * the next daemon shows the world as it was before the operation, or as it is after it: in the API, in the kernel, in the
 * answers to names and in files.
 *
 * Six operations have their turn, others every time, and of many effects some are passed over; `FAIRLEAD_EFFECTS=all` leaves
 * nothing out.
 */

const dice = new Dice();
const all = process.env['FAIRLEAD_EFFECTS'] === 'all';
/** How many effects are passed over next. */
const leap = (effects: number) => (all || effects < 2 ? 0 : dice.below(12));

/** Those that have their turn. */
function chosen<T>(list: readonly T[]): readonly T[] {
  const rest = [...list];
  while (!all && rest.length > 6) rest.splice(dice.below(rest.length), 1);
  return rest;
}

let rig: EffectWalkRig;
let idle: string;
let remains: Remains;

const networks: readonly object[] = [
  { Name: 'one', IPAM: { Config: [{ Subnet: '10.81.0.0/24' }] } },
  { Name: 'two', EnableIPv6: true, IPAM: { Config: [{ Subnet: '10.82.0.0/24' }, { Subnet: 'fd82::/64' }] } },
  { Name: 'six', EnableIPv4: false, EnableIPv6: true, IPAM: { Config: [{ Subnet: 'fd86::/64' }] } },
  { Name: 'wire', Driver: 'macvlan', Options: { parent: 'eth0' }, IPAM: { Config: [{ Subnet: '10.83.0.0/24' }] } },
];
const names = ['web', 'new', 'alias', 'asker'];

before(async () => {
  rig = await EffectWalkRig.start();
  idle = await kernelState(rig.host);
  remains = await rig.remains();
  for (const body of networks) await rig.must(['POST', '/networks/create', body]);
  await rig.must(create('asker', ['one', 'two']));
  await rig.must(['POST', '/containers/asker/start']);
});
after(() => rig[Symbol.asyncDispose]());

/** One that fails shall not be the end of all others. */
beforeEach(async () => {
  rig.letThrough(Number.MAX_SAFE_INTEGER);
  if (!rig.daemon.running) await rig.daemon.restart();
});

/** Everybody has a number, and so the same addresses every time. */
function endpointOn(network: string, number: number): object {
  const ipv4 = { one: '10.81.0', two: '10.82.0', wire: '10.83.0' }[network];
  const ipv6 = { two: 'fd82', six: 'fd86' }[network];
  return {
    IPAMConfig: {
      ...(ipv4 && { IPv4Address: `${ipv4}.${number}` }),
      ...(ipv6 && { IPv6Address: `${ipv6}::${number}` }),
    },
  };
}

function create(name: string, on: readonly string[], host: object = {}): Step {
  const EndpointsConfig = Object.fromEntries(
    on.map((network) => [network, endpointOn(network, name === 'asker' ? 9 : 8)]),
  );
  const body = {
    Image: 'busybox',
    Cmd: ['sleep', '1000'],
    ...(on.length > 0 && { ExposedPorts: { '53/udp': {} } }),
    HostConfig: { NetworkMode: on[0] ?? 'none', ...host },
    NetworkingConfig: { EndpointsConfig },
  };
  return ['POST', `/containers/create?name=${name}`, body];
}

const ports = { '80/tcp': [{ HostPort: '8080' }] };
const start = (name: string): Step => ['POST', `/containers/${name}/start`];
const created = (on: readonly string[], host: object = { PortBindings: ports }) => [create('web', on, host)];
const running = (on: readonly string[], host?: object) => [...created(on, host), start('web')];
const joiner = create('new', [], { NetworkMode: 'container:web' });
const connect = (network: string): Step => [
  'POST',
  `/networks/${network}/connect`,
  { Container: 'web', EndpointConfig: { ...endpointOn(network, 8), Aliases: ['alias'] } },
];
const disconnect = (network: string): Step => ['POST', `/networks/${network}/disconnect`, { Container: 'web' }];

const spare: Step = [
  'POST',
  '/networks/create',
  { Name: 'spare', Labels: { spare: '' }, EnableIPv6: true, IPAM: { Config: [{ Subnet: '10.84.0.0/24' }] } },
];
const tag: Step = ['POST', '/images/busybox/tag?repo=other&tag=1'];
const volume: Step = ['POST', '/volumes/create', { Name: 'kept' }];
const labelled = encodeURIComponent(JSON.stringify({ label: ['spare'] }));

/** What is done, and what has to be there before it. */
interface Operation {
  readonly prepare: readonly Step[];
  readonly act: Step;
  /** It begins with this, which may be all that came of it. */
  readonly first?: Step;
}

const kill: Step = ['POST', '/containers/web/kill'];

const operations: Readonly<Record<string, Operation>> = {
  'a container is put on a further network': { prepare: running(['one']), act: connect('two') },
  'a container is put on a network of IPv6 alone': { prepare: running(['one']), act: connect('six') },
  'a container is put on a LAN': { prepare: running(['one']), act: connect('wire') },
  'a container that does not run is put on a network': { prepare: created(['one']), act: connect('two') },
  'a container is taken off a network': { prepare: running(['one', 'two']), act: disconnect('one') },
  'a container is taken off its last network': { prepare: running(['one']), act: disconnect('one') },
  'a container gets another name': {
    prepare: running(['one', 'two']),
    act: ['POST', '/containers/web/rename?name=new'],
  },
  'a container publishes other ports': {
    prepare: running(['one']),
    act: ['POST', '/fairlead/containers/web/ports', { ports: ['8081:80', '53/udp'] }],
  },
  'a container is limited on a network': {
    prepare: running(['one']),
    act: ['POST', '/fairlead/networks/one/limits', { container: 'web', in: '10mbit' }],
  },
  'a container gets other limits': {
    prepare: running(['one']),
    act: ['POST', '/containers/web/update', { PidsLimit: 77, RestartPolicy: { Name: 'unless-stopped' } }],
  },
  'a network that is in use changes': {
    prepare: running(['one']),
    act: ['POST', '/fairlead/networks/one/update', { options: { 'com.docker.network.driver.mtu': '1400' } }],
  },
  'a container is made': { prepare: [], act: create('web', ['one', 'two', 'six'], { PublishAllPorts: true }) },
  'a container on three networks starts, with all its ports': {
    prepare: created(['one', 'two', 'six'], { PublishAllPorts: true, PortBindings: ports }),
    act: start('web'),
  },
  'a container is started again': {
    prepare: running(['one', 'two']),
    act: ['POST', '/containers/web/restart?t=0'],
    first: kill,
  },
  'a container is stopped': { prepare: running(['one', 'two']), act: ['POST', '/containers/web/stop?t=0'] },
  'a container is removed while it runs': {
    prepare: running(['one', 'wire']),
    act: ['DELETE', '/containers/web?force=1'],
    first: kill,
  },
  'a container is frozen': { prepare: running(['one']), act: ['POST', '/containers/web/pause'] },
  'a container is thawed': {
    prepare: [...running(['one']), ['POST', '/containers/web/pause']],
    act: ['POST', '/containers/web/unpause'],
  },
  'a container joins the network of another one': { prepare: [...running(['one']), joiner], act: start('new') },
  'a container whose network another one has joined is removed': {
    prepare: [...running(['one']), joiner, start('new')],
    act: ['DELETE', '/containers/web?force=1'],
    first: kill,
  },
  'what is not in use is pruned: a container': { prepare: created(['one']), act: ['POST', '/containers/prune'] },
  'what is not in use is pruned: a network': { prepare: [spare], act: ['POST', `/networks/prune?filters=${labelled}`] },
  'a network is removed': { prepare: [spare], act: ['DELETE', '/networks/spare'] },
  'an image gets another name': { prepare: [], act: tag },
  'an image loses one of its names': { prepare: [tag], act: ['DELETE', '/images/other:1'] },
  'a container becomes an image': {
    prepare: created(['one']),
    act: ['POST', '/commit?container=web&repo=other&tag=1'],
  },
  'a volume is made': { prepare: [], act: volume },
  'a volume is removed': { prepare: [volume], act: ['DELETE', '/volumes/kept'] },
  'a container is removed with its volumes': {
    prepare: [...created(['one'], { Mounts: [{ Type: 'volume', Target: '/anonymous' }] }), start('web')],
    act: ['DELETE', '/containers/web?force=1&v=1'],
    first: kill,
  },
  'a network of IPv6 alone is made': {
    prepare: [],
    act: ['POST', '/networks/create', { ...networks[2], Name: 'spare', IPAM: { Config: [{ Subnet: 'fd87::/64' }] } }],
  },
};

async function reset(): Promise<void> {
  for (const name of ['new', 'web']) await rig.ask(['DELETE', `/containers/${name}?force=1&v=1`]);
  for (const path of ['/images/other:1', '/volumes/kept']) await rig.ask(['DELETE', path]);
  await rig.ask(['DELETE', '/networks/spare']);
  await rig.must(['POST', '/fairlead/networks/one/update', { options: { 'com.docker.network.driver.mtu': null } }]);
}

/** Somewhat later, or at once, the world is one of those. */
async function assertOneOf(worlds: readonly object[], message: string): Promise<void> {
  let seen = await rig.look(names);
  for (let attempt = 0; attempt < 60; attempt++) {
    if (worlds.some((world) => isDeepStrictEqual(world, seen))) return;
    await sleep(100);
    seen = await rig.look(names);
  }
  const differences = worlds.map((world) => otherLines(seen, world).join('\n'));
  assert.fail(`${message}: neither as before,\n${differences.join('\nnor as it may be afterwards,\n')}`);
}

/** Lines that one has and the other has not. */
function otherLines(seen: object, wanted: object): readonly string[] {
  const [here, there] = [seen, wanted].map((world) => JSON.stringify(world, undefined, 1).split('\n'));
  return [
    ...(here ?? []).filter((line) => !there?.includes(line)).map((line) => `+${line}`),
    ...(there ?? []).filter((line) => !here?.includes(line)).map((line) => `-${line}`),
  ];
}

/** What is the same in the end; it may take the kernel a moment. */
async function settledLook(): Promise<object> {
  for (let former = await rig.look(names); ; ) {
    await sleep(100);
    const seen = await rig.look(names);
    if (isDeepStrictEqual(former, seen)) return seen;
    former = seen;
  }
}

for (const [name, { prepare, act, first }] of chosen(Object.entries(operations))) {
  test(`${name}: a daemon killed before any effect of it leaves it done or undone`, async (t) => {
    const prepared = async () => {
      await reset();
      for (const step of prepare) await rig.must(step);
    };
    const worlds: object[] = [];
    for (const steps of [[], [act], ...(first ? [[first]] : [])]) {
      await prepared();
      for (const step of steps) await rig.must(step);
      worlds.push(await settledLook());
    }
    let effects = 0;
    for (; ; effects += 1 + leap(effects)) {
      await prepared();
      rig.letThrough(effects);
      const { status, text } = await rig.ask(act);
      assert.ok(status < 300, `${status} ${text}`);
      const isDone = status !== 0;
      // Some effects come after the answer.
      if (isDone) await sleep(100);
      if (isDone && rig.daemon.running) break;
      await rig.death();
      const also = dice.of(['', 'name service', 'containerd'] as const);
      if (also !== '') rig.kill(also);
      await rig.daemon.restart();
      const message = `seed ${dice.seed}: killed before effect ${effects}, ${rig.lastEffect}${also && `, with ${also}`}`;
      await assertOneOf(isDone ? worlds.slice(1, 2) : worlds, message);
    }
    rig.letThrough(Number.MAX_SAFE_INTEGER);
    t.diagnostic(`seed ${dice.seed}, at most ${effects} effects`);
    assert.ok(effects > 0, 'it has none');
  });
}

test('nothing is left of all this', async () => {
  await reset();
  await rig.must(['DELETE', '/containers/asker?force=1']);
  for (const name of ['one', 'two', 'six', 'wire']) await rig.must(['DELETE', `/networks/${name}`]);
  // A commit that is cut off between the image and its name leaves one without, as dockerd's does: for whoever prunes.
  await rig.must(['POST', '/images/prune']);
  await settled(rig.host, idle, 'something is left over');
  await eventuallyEqual(async () => difference(remains, await rig.remains()), '');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Network } from '../model.ts';
import { FakePlugin } from '../testing/fake-plugin.ts';
import { Life } from '../testing/life.ts';
import { plainSettings, Rig } from '../testing/rig.ts';
import { narrow } from '../testing/walk.ts';

/** An engine on a machine that has a plugin. */
async function started(): Promise<{ rig: Rig; plugin: FakePlugin }> {
  const rig = await Rig.started(plainSettings);
  const plugin = new FakePlugin((changes) => rig.kernel.apply(changes));
  rig.plugins = plugin;
  await rig.boot(new Life());
  return { rig, plugin };
}

function create(rig: Rig, more: { readonly ipam?: string; readonly driver?: string; readonly name?: string } = {}) {
  const { ipam, driver = 'plug', name = 'net' } = more;
  return rig.controller.createNetwork({ name, driver, ...(ipam && { ipam: { driver: ipam } }) });
}

/** What happens in the background has happened by then. */
async function settled(isSo: () => boolean): Promise<void> {
  for (let round = 0; round < 500 && !isSo(); round++) await turn();
}

const linksIn = (rig: Rig, namespace: string) =>
  rig.kernel.observe(namespace, ['link']).flatMap((link) => (link.kind === 'link' ? [link.name] : []));

test('a network, its endpoint and its interface come with a plugin and go with it', async () => {
  const { rig, plugin } = await started();
  using _ = rig;
  const network = await create(rig);
  const sandbox = await rig.sandbox('web');
  const endpoint = await rig.join(sandbox, network);
  assert.deepEqual([endpoint.interface, endpoint.mac], ['net0', '02:99:00:00:00:01']);
  assert.deepEqual(linksIn(rig, sandbox.namespace).sort(), ['eth0', 'lo', 'net0']);
  assert.equal(rig.kernel.dump('').includes('docker_gwbridge'), true);
  await rig.controller.leave(endpoint);
  assert.deepEqual(linksIn(rig, sandbox.namespace), ['lo'], 'the way out goes with the network that needed it');
  await rig.controller.closeSandbox(sandbox.id);
  await rig.controller.removeNetwork('net');
  assert.deepEqual([...plugin.books], []);
  assert.deepEqual(
    linksIn(rig, '').filter((name) => name.startsWith('p')),
    [],
  );
});

test('a bridge beside it is the way out, and a plugin may want none', async () => {
  const { rig, plugin } = await started();
  using _ = rig;
  const network = await create(rig);
  const both = await rig.sandbox('both');
  await rig.join(both, rig.controller.findNetwork('bridge'));
  await rig.join(both, network);
  assert.equal(
    rig.controller.networks().some(({ name }) => name === 'docker_gwbridge'),
    false,
  );
  plugin.answers.set('Join', { DisableGatewayService: true });
  const shut = await rig.sandbox('shut');
  await rig.join(shut, network);
  assert.deepEqual(linksIn(rig, shut.namespace), ['lo']);
});

test('a plugin learns by which endpoint ports are reached', async () => {
  const { rig, plugin } = await started();
  using _ = rig;
  const network = await create(rig);
  const Join = { InterfaceName: { SrcName: '', DstPrefix: '' }, Gateway: '172.18.0.1' };
  plugin.answers.set('Join', Join);
  const ports = [{ protocol: 'tcp', containerPort: 80, hostPorts: { first: 8080, last: 8080 } }] as const;
  const sandbox = await rig.sandbox('web', { ports });
  const endpoint = await rig.join(sandbox, network);
  assert.deepEqual(plugin.calls.slice(-3), ['CreateEndpoint', 'Join', 'ProgramExternalConnectivity']);
  await rig.join(sandbox, rig.controller.findNetwork('bridge'), { gatewayPriority: 9 });
  assert.equal(plugin.calls.at(-1), 'RevokeExternalConnectivity');
  await rig.controller.leave(endpoint);
  assert.deepEqual(plugin.calls.slice(-2), ['Leave', 'DeleteEndpoint']);
});

test('addresses of a plugin are kept while the container exists, and go back with it', async () => {
  const { rig, plugin } = await started();
  using _ = rig;
  const network = await create(rig, { driver: 'bridge', ipam: 'plug' });
  assert.equal(network.subnets[0]?.subnet, '10.99.0.0/24');
  const sandbox = await rig.sandbox('web');
  const { ipv4 } = await rig.join(sandbox, network);
  await rig.controller.closeSandbox(sandbox.id);
  const again = await rig.sandbox('web');
  assert.equal((await rig.join(again, network)).ipv4, ipv4);
  await rig.controller.closeSandbox(again.id);
  rig.controller.releaseLeases('web-id');
  await settled(() => !plugin.books.has(`address ${ipv4}`));
  assert.ok(!plugin.books.has(`address ${ipv4}`));
  await rig.controller.removeNetwork('net');
  assert.deepEqual([...plugin.books], []);
});

test('a plugin that forgets is told again at the next start', async () => {
  const { rig, plugin } = await started();
  using _ = rig;
  const network = await create(rig, { driver: 'bridge', ipam: 'plug' });
  await rig.join(await rig.sandbox('web'), network);
  const before = [...plugin.books].sort();
  plugin.books.clear();
  await rig.boot(new Life());
  await settled(() => plugin.books.size === before.length);
  assert.deepEqual([...plugin.books].sort(), before);
});

/** The engine ends when the plugin has done what it was asked, before it could say so. */
async function diesAfter(method: string): Promise<void> {
  const { rig, plugin } = await started();
  using _ = rig;
  let network: Network | undefined;
  const { promise: reached, resolve } = Promise.withResolvers<void>();
  const hang = () => {
    plugin.after = (one) => {
      if (one !== method) return undefined;
      resolve();
      return new Promise(() => {});
    };
  };
  if (method === 'CreateNetwork' || method === 'DeleteNetwork') hang();
  if (method === 'CreateNetwork') void create(rig);
  else network = await create(rig);
  if (method === 'DeleteNetwork') void rig.controller.removeNetwork('net');
  hang();
  if (network !== undefined && method !== 'DeleteNetwork') {
    const sandbox = await rig.sandbox('web');
    const joining = rig.join(sandbox, network);
    if (method === 'Leave' || method === 'DeleteEndpoint') {
      await joining;
      void rig.controller.closeSandbox(sandbox.id);
    }
  }
  await reached;
  plugin.after = () => undefined;
  await rig.boot(new Life(), () => false);
  const expected = network !== undefined && method !== 'DeleteNetwork' ? [`network ${network.id}`] : [];
  await settled(() => plugin.books.size === expected.length && [...rig.state.debts].length === 0);
  assert.deepEqual([[...plugin.books], [...rig.state.debts]], [expected, []]);
  assert.deepEqual(rig.controller.networks().filter(({ driver }) => driver === 'plug').length, expected.length);
  assert.deepEqual(
    linksIn(rig, '').filter((name) => name.startsWith('p')),
    [],
  );
  rig.assertConsistent();
}

for (const method of ['CreateNetwork', 'DeleteNetwork', 'CreateEndpoint', 'Join', 'Leave', 'DeleteEndpoint']) {
  test(`nothing is left when the engine dies while a plugin answers ${method}`, () => diesAfter(method));
}

/** The plugin ends when it has done what it was asked, before it could say so; it is back when the engine starts again. */
async function endsAt(method: string): Promise<void> {
  const { rig, plugin } = await started();
  using _ = rig;
  const end = () => {
    plugin.after = (one) => {
      if (one === method) plugin.isGone = true;
      return undefined;
    };
  };
  if (method === 'CreateNetwork') end();
  const making = create(rig, { ipam: 'plug' });
  const network = method === 'CreateNetwork' ? await assert.rejects(making, /EOF|gone/) : await making;
  if (network) {
    const sandbox = await rig.sandbox('web');
    const refuses = method === 'CreateEndpoint' || method === 'Join';
    if (refuses) end();
    const joining = rig.join(sandbox, network);
    if (refuses) await assert.rejects(joining, /EOF|gone/);
    else await joining;
    end();
    await rig.controller.closeSandbox(sandbox.id);
    rig.controller.releaseLeases('web-id');
    await rig.controller.removeNetwork('net');
  }
  assert.ok(plugin.isGone, 'it has come to that');
  plugin.after = () => undefined;
  plugin.isGone = false;
  await rig.boot(new Life());
  await settled(() => plugin.books.size === 0 && [...rig.state.debts].length === 0);
  assert.deepEqual([[...plugin.books], [...rig.state.debts]], [[], []]);
  assert.deepEqual(
    rig.controller.networks().some(({ driver }) => driver === 'plug'),
    false,
  );
  rig.assertConsistent();
}

for (const method of [
  ...['CreateNetwork', 'CreateEndpoint', 'Join', 'Leave', 'DeleteEndpoint'],
  ...['ReleaseAddress', 'ReleasePool', 'DeleteNetwork'],
]) {
  test(`nothing is left when a plugin ends while it answers ${method}, as soon as it is back`, () => endsAt(method));
}

test('a pool that a plugin has given goes back when it ends before there is an address of it', async () => {
  const { rig, plugin } = await started();
  using _ = rig;
  plugin.after = (method) => {
    if (method === 'RequestAddress') plugin.isGone = true;
    return undefined;
  };
  await assert.rejects(create(rig, { ipam: 'plug' }), { message: 'failed to allocate gateway (): EOF' });
  plugin.after = () => undefined;
  plugin.isGone = false;
  await rig.boot(new Life());
  await settled(() => !plugin.books.has('pool p'));
  assert.ok(!plugin.books.has('pool p'));
});

/** The network is 10.99.0.0/24, its gateway 10.99.0.2, and another container has 10.99.0.3. */
const nonsense: readonly [what: string, answer: unknown, reason: RegExp][] = [
  ['the gateway’s', { Address: '10.99.0.2/24' }, /^remote: 10\.99\.0\.2: Address already in use$/],
  ['another container’s', { Address: '10.99.0.3/24' }, /^remote: 10\.99\.0\.3: Address already in use$/],
  ['the network’s own', { Address: '10.99.0.0/24' }, /^remote: 10\.99\.0\.0: Address already in use$/],
  ['that of everybody', { Address: '10.99.0.255/24' }, /^remote: 10\.99\.0\.255: Address already in use$/],
  ['of another network', { Address: '192.0.2.1/24' }, /^remote: address 192\.0\.2\.1 is not of the pool/],
  ['of the other family', { Address: 'fd00::9/64' }, /^remote: address fd00::9 is not of the pool/],
  ['without a length', { Address: '10.99.0.9' }, /^invalid CIDR address: 10\.99\.0\.9$/],
  ['a number', { Address: 10 }, /^json: cannot unmarshal number into Go struct field RequestAddressResponse\.Address/],
  ['nothing', {}, /^invalid CIDR address: $/],
  ['no answer', ['10.99.0.9/24'], /^json: cannot unmarshal array into Go value of type api\.RequestAddressResponse$/],
];

test('an address that a plugin cannot mean is refused, and everything is as it was', async () => {
  const { rig, plugin } = await started();
  using _ = rig;
  const network = await create(rig, { driver: 'bridge', ipam: 'plug' });
  assert.equal(network.subnets[0]?.gateway, '10.99.0.2');
  assert.equal((await rig.join(await rig.sandbox('first'), network)).ipv4, '10.99.0.3');
  const sandbox = await rig.sandbox('web');
  const [before, books] = [rig.snapshot(), [...plugin.books]];
  for (const [what, answer, reason] of nonsense) {
    plugin.answers.set('RequestAddress', answer);
    await assert.rejects(rig.join(sandbox, network), (error: Error) => reason.test(error.message), what);
    assert.equal(rig.snapshot(), before, what);
  }
  assert.deepEqual([...plugin.books], books, 'what somebody has is not given back for him');
  plugin.answers.clear();
  assert.equal((await rig.join(sandbox, network)).ipv4, '10.99.0.4');
});

test('a plugin gives the addresses of a network of several bridges', async () => {
  const rig = await Rig.started({ ...plainSettings, bridgeCapacity: narrow });
  using _ = rig;
  const plugin = new FakePlugin((changes) => rig.kernel.apply(changes));
  rig.plugins = plugin;
  await rig.boot(new Life());
  const network = await create(rig, { driver: 'bridge', ipam: 'plug' });
  const places: string[] = [];
  for (const name of ['a', 'b', 'c', 'd']) {
    const { ipv4, segment = 0 } = await rig.join(await rig.sandbox(name), network);
    places.push(`${ipv4} on ${segment}`);
  }
  assert.deepEqual(places, ['10.99.0.3 on 0', '10.99.0.4 on 1', '10.99.0.5 on 1', '10.99.0.6 on 2']);
  rig.assertConsistent();
});

test('a plugin is told every port of a range, and of a port that is published twice once that it is exposed', async () => {
  const { rig, plugin } = await started();
  using _ = rig;
  const network = await create(rig);
  const told: { readonly exposed: number; readonly ports: number }[] = [];
  plugin.heard = (method, { Options }) => {
    if (method !== 'CreateEndpoint') return;
    const list = (name: string) => {
      const value = Object.entries(Options ?? {}).find(([key]) => key === `com.docker.network.${name}`)?.[1];
      return Array.isArray(value) ? value.length : 0;
    };
    told.push({ exposed: list('endpoint.exposedports'), ports: list('portmap') });
  };
  const range = { first: 20000, last: 20999 };
  const one = { protocol: 'tcp', containerPort: 20000, count: 1000 } as const;
  const twice = { protocol: 'tcp', containerPort: 20000, hostPorts: { first: 80, last: 80 } } as const;
  await rig.join(await rig.sandbox('web', { ports: [{ ...one, hostPorts: range }, twice] }), network);
  assert.deepEqual(told, [{ exposed: 1000, ports: 1001 }]);
});

test('a network that a plugin is still making cannot be joined', async () => {
  const { rig, plugin } = await started();
  using _ = rig;
  const { promise: reached, resolve } = Promise.withResolvers<void>();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  plugin.after = (method) => {
    if (method !== 'CreateNetwork') return undefined;
    resolve();
    return released;
  };
  const making = create(rig);
  await reached;
  await rig.controller.createNetwork({ name: 'other' });
  const sandbox = await rig.sandbox('web');
  const network = rig.controller.networks().find(({ name }) => name === 'net');
  assert.ok(network);
  await assert.rejects(rig.join(sandbox, network), { message: 'network net not found' });
  release();
  await rig.join(sandbox, await making);
});

test('a plugin that refuses leaves everything as it was', async () => {
  for (const method of ['CreateNetwork', 'RequestPool', 'RequestAddress']) {
    const { rig, plugin } = await started();
    using _ = rig;
    const before = rig.snapshot();
    plugin.answers.set(method, { Err: 'no', Error: 'no' });
    await assert.rejects(create(rig, { ipam: 'plug' }), /remote: no$/);
    assert.equal(rig.snapshot(), before);
    assert.deepEqual([...plugin.books], []);
  }
});

/** A plugin that answers everything but one method, and when it is asked that. */
function hangingAt(plugin: FakePlugin, method: string) {
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  plugin.after = (one) => {
    if (one !== method) return undefined;
    reach();
    return released;
  };
  return { reached, release };
}

for (const method of ['RequestAddress', 'CreateEndpoint', 'Join', 'ProgramExternalConnectivity']) {
  test(`who waits for a plugin that hangs in ${method} can give up, and everything is as it was`, async () => {
    const { rig, plugin } = await started();
    using _ = rig;
    const network = await create(rig, { ipam: 'plug' });
    plugin.answers.set('Join', { InterfaceName: { SrcName: '', DstPrefix: '' }, Gateway: '10.99.0.2' });
    const sandbox = await rig.sandbox('web');
    const before = rig.snapshot();
    const { reached, release } = hangingAt(plugin, method);
    const wait = new AbortController();
    const joining = rig.controller.join(sandbox.id, [{ network, hostname: 'web', config: {} }], wait.signal);
    joining.catch(() => {});
    await reached;
    wait.abort();
    await assert.rejects(joining, /context canceled/);
    assert.equal(rig.snapshot(), before);
    release();
    assert.equal([...plugin.books].filter((entry) => /^(endpoint|joined)/.test(entry)).length, 0);
    await rig.join(sandbox, network);
  });
}

test('who ends something does not wait for a plugin that hangs: that is told to the end, and in order', async () => {
  const { rig, plugin } = await started();
  using _ = rig;
  const network = await create(rig);
  const [sandbox, other] = [await rig.sandbox('web'), await rig.sandbox('other')];
  await rig.join(sandbox, network);
  await rig.join(other, network);
  const { release } = hangingAt(plugin, 'Leave');
  const from = plugin.calls.length;
  await rig.controller.closeSandbox(sandbox.id);
  assert.deepEqual(plugin.calls.slice(from), ['Leave'], 'the endpoint is not deleted before it is left');
  const late = performance.now();
  await rig.controller.closeSandbox(other.id);
  await rig.controller.removeNetwork('net');
  assert.ok(performance.now() - late < 1_900, 'one that has let somebody wait lets nobody else wait');
  assert.ok(!plugin.calls.includes('DeleteNetwork'), 'nor is the network before its endpoints');
  release();
  await settled(() => plugin.books.size === 0 && [...rig.state.debts].length === 0);
  assert.deepEqual([[...plugin.books], [...rig.state.debts]], [[], []]);
  assert.equal(plugin.calls.at(-1), 'DeleteNetwork');
});

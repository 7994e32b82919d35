import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Network } from '../model.ts';
import { FakePlugin } from '../testing/fake-plugin.ts';
import { Life } from '../testing/life.ts';
import { plainSettings, Rig } from '../testing/rig.ts';

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

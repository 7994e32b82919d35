import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PortBinding } from '../port/port-model.ts';
import { Rig } from '../testing/rig.ts';
import type { NetworkUpdate } from './network-update.ts';

const P = 'com.docker.network.';
const web: PortBinding = { protocol: 'tcp', containerPort: 80, hostPorts: { first: 8080, last: 8080 } };

async function inUse(rig: Rig, request: object = {}) {
  const network = await rig.controller.createNetwork({ name: 'app', ...request });
  const sandbox = await rig.sandbox('web', { ports: [web] });
  const endpoint = await rig.join(sandbox, network);
  return { network, sandbox, endpoint };
}

/** MTU of every link of the network, inside and out. */
function mtus(rig: Rig): (number | undefined)[] {
  return ['', 'fl-web'].flatMap((namespace) =>
    rig.kernel
      .observe(namespace, ['link'])
      .flatMap((link) => (link.kind === 'link' && /^(br-|veth|eth0)/.test(link.name) ? [link.mtu] : [])),
  );
}

function sets(rig: Rig, pattern: RegExp): string[] {
  return rig.kernel
    .observe('', ['element'])
    .flatMap((object) => (object.kind === 'element' && pattern.test(object.set) ? [object.set] : []))
    .sort();
}

test('every link follows another MTU, and goes back when nobody asks for one', async () => {
  using rig = await Rig.started();
  await inUse(rig);
  await rig.controller.updateNetwork('app', { options: { [`${P}driver.mtu`]: '1400' } });
  assert.deepEqual(mtus(rig), [1400, 1400, 1400]);
  rig.assertConsistent();
  await rig.controller.updateNetwork('app', { options: { [`${P}driver.mtu`]: null } });
  assert.deepEqual(mtus(rig), [1500, 1500, 1500]);
  assert.deepEqual(rig.controller.findNetwork('app').options, {});
  rig.assertConsistent();
});

test('ports move with the gateway mode and with the default binding, and containers are kept apart', async () => {
  using rig = await Rig.started();
  const { sandbox } = await inUse(rig);
  const places = () =>
    rig.controller.boundPorts(sandbox.id).map(({ hostAddress, hostPort }) => `${hostAddress} ${hostPort}`);
  await rig.controller.updateNetwork('app', { options: { [`${P}bridge.host_binding_ipv4`]: '127.0.0.1' } });
  assert.deepEqual(places(), ['127.0.0.1 8080']);
  await rig.controller.updateNetwork('app', { options: { [`${P}bridge.gateway_mode_ipv4`]: 'routed' } });
  assert.deepEqual(sets(rig, /^(publish|routed)/), ['routed4', 'routed_ports4']);
  await rig.controller.updateNetwork('app', {
    options: { [`${P}bridge.gateway_mode_ipv4`]: null, [`${P}bridge.enable_icc`]: 'false' },
  });
  assert.deepEqual(sets(rig, /^(publish|routed|separated)/), ['publish_address4', 'separated']);
  rig.assertConsistent();
});

test('containers that may talk from now on are told of each other, and only then', async () => {
  using rig = await Rig.started();
  const { network, endpoint } = await inUse(rig);
  const other = await rig.join(await rig.sandbox('other', {}), network);
  const told = async (icc: string) => {
    rig.kernel.announced.splice(0);
    await rig.controller.updateNetwork('app', { options: { [`${P}bridge.enable_icc`]: icc } });
    return rig.kernel.announced;
  };
  assert.deepEqual(await told('false'), []);
  assert.deepEqual(await told('true'), [`fl-web eth0 ${endpoint.ipv4}`, `fl-other eth0 ${other.ipv4}`]);
  assert.deepEqual(await told('1'), []);
});

test('a network gets IPv6: for those who come, and for others when they come again', async () => {
  using rig = await Rig.started();
  const { network, sandbox, endpoint } = await inUse(rig);
  await rig.controller.updateNetwork('app', { subnets: [{ subnet: 'fd00:77::/64' }] });
  const changed = rig.controller.findNetwork('app');
  assert.deepEqual([changed.ipv6, changed.subnets[1]?.gateway], [true, 'fd00:77::1']);
  assert.deepEqual(sets(rig, /^masquerade/), ['masquerade4', 'masquerade4', 'masquerade6']);
  const other = await rig.join(await rig.sandbox('other', {}), network);
  assert.equal(other.ipv6, 'fd00:77::2');
  await rig.controller.closeSandbox(sandbox.id);
  const again = await rig.join(await rig.sandbox('web', { owner: sandbox.owner }), network);
  assert.deepEqual([again.ipv4, again.ipv6], [endpoint.ipv4, 'fd00:77::3']);
  rig.assertConsistent();
});

const refused: readonly (readonly [name: string, update: NetworkUpdate, message: RegExp])[] = [
  [
    'app',
    { options: { [`${P}bridge.name`]: 'other' } },
    /^cannot change com\.docker\.network\.bridge\.name of network app/,
  ],
  ['app', { options: { [`${P}driver.mtu`]: 'x' } }, /failed to parse com\.docker\.network\.driver\.mtu/],
  [
    'app',
    { options: { [`${P}bridge.gateway_mode_ipv4`]: 'isolated' } },
    /cannot change gateway mode 'isolated' of network app/,
  ],
  ['app', { options: { 'com.fairlead.bandwidth.in': 'x' } }, /failed to parse com\.fairlead\.bandwidth\.in/],
  ['app', { options: { 'com.fairlead.dns.ttl': 'soon' } }, /failed to parse com\.fairlead\.dns\.ttl/],
  ['app', { options: { 'com.fairlead.dns.records': 'a A 10.0.0.1' } }, /cannot change com\.fairlead\.dns\.records/],
  [
    'app',
    { options: { [`${P}driver.mtu`]: '1279' }, subnets: [{ subnet: 'fd00:77::/64' }] },
    /^invalid MTU number: 1279: IPv6 needs 1280 at least$/,
  ],
  ['app', { subnets: [{ subnet: '10.77.0.0/24' }] }, /bridge driver doesn't support multiple subnets/],
  ['app', { subnets: [{ subnet: 'fd00:77::/64', gateway: 'fd00:78::1' }] }, /fd00:78::1/],
  [
    'bridge',
    { options: { [`${P}driver.mtu`]: '1400' } },
    /bridge is a pre-defined network and cannot be changed: it is as/,
  ],
  ['nowhere', {}, /network nowhere not found/],
];
for (const [name, update, message] of refused) {
  test(`refused, and nothing is changed: ${name} ${JSON.stringify(update)}`, async () => {
    using rig = await Rig.started();
    await inUse(rig);
    const before = rig.snapshot();
    await assert.rejects(rig.controller.updateNetwork(name, update), { message });
    assert.equal(rig.snapshot(), before);
  });
}

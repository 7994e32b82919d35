import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change, KernelObject } from '@fairlead/netlink';
import type { NetworkRequest } from '../network/network-request.ts';
import { Rig } from '../testing/rig.ts';
import { HOST_ACCESS } from './host-access.ts';

const lan: NetworkRequest = {
  name: 'lan',
  driver: 'macvlan',
  ipv6: true,
  options: { parent: 'uplink', [HOST_ACCESS]: 'true' },
  ipam: { config: [{ subnet: '10.50.0.0/24', gateway: '10.50.0.1' }, { subnet: 'fd50::/64' }] },
};
const asked = (option: string, more: Readonly<Record<string, string>> = {}): NetworkRequest => ({
  ...lan,
  options: { parent: 'uplink', [HOST_ACCESS]: option, ...more },
});

const refused: readonly (readonly [request: NetworkRequest, message: RegExp])[] = [
  [asked('perhaps'), /failed to parse com\.fairlead\.host-access value: perhaps \(expected true, false, or addresses/],
  [asked('10.51.0.9'), /cannot be had on network lan: no subnet contains 10\.51\.0\.9$/],
  [asked('10.50.0.1'), /already/],
  [asked('true', { macvlan_mode: 'private' }), /in mode private links on one parent do not reach each other$/],
  [{ ...asked('true', { ipvlan_mode: 'l3' }), driver: 'ipvlan' }, /in mode l3 links on one parent do not reach/],
];
for (const [request, message] of refused) {
  test(`refused: ${request.driver} with ${JSON.stringify(request.options)}`, async () => {
    using rig = await Rig.started();
    const before = rig.snapshot();
    await assert.rejects(rig.controller.createNetwork(request), message);
    assert.equal(rig.snapshot(), before);
  });
}

/** The host's link with its addresses, and its ways to containers. */
function hostSide(rig: Rig): string[] {
  return rig.kernel.observe('', ['link', 'address', 'route']).flatMap((object) => {
    if (object.kind === 'link') return object.type.kind === 'macvlan' ? [`link on ${object.type.parent}`] : [];
    if (!('link' in object) || !object.link?.startsWith('hl-')) return [];
    if (object.kind === 'address') return [object.address];
    return object.kind === 'route' && object.protocol === 4 ? [`${object.destination} from ${object.source}`] : [];
  });
}

const itself = ['link on uplink', '10.50.0.2/32', 'fd50::1/128'];

test('the host has a link and addresses on the network, and ways to its containers, for as long as each is there', async () => {
  using rig = await Rig.started();
  const network = await rig.controller.createNetwork(lan);
  assert.deepEqual(hostSide(rig), itself);
  const sandbox = await rig.sandbox('web', {});
  await rig.join(sandbox, network);
  assert.deepEqual(hostSide(rig), [...itself, '10.50.0.3/32 from 10.50.0.2', 'fd50::2/128 from fd50::1']);
  rig.assertConsistent();
  assert.deepEqual(await rig.controller.repair(), []);
  await rig.controller.closeSandbox(sandbox.id);
  assert.deepEqual(hostSide(rig), itself);
  await rig.boot(rig.life);
  assert.deepEqual(hostSide(rig), itself, 'the same addresses again');
  await rig.controller.removeNetwork('lan');
  assert.deepEqual(hostSide(rig), []);
  rig.assertConsistent();
});

test('addresses of one’s own choice are kept from containers, and given back with the network', async () => {
  using rig = await Rig.started();
  await rig.controller.createNetwork(asked('10.50.0.9,fd50::9'));
  assert.deepEqual(hostSide(rig).slice(1), ['10.50.0.9/32', 'fd50::9/128']);
  const network = rig.controller.findNetwork('lan');
  await assert.rejects(rig.join(await rig.sandbox('web', {}), network, { ipv4Address: '10.50.0.9' }), /already in use/);
  await rig.controller.removeNetwork('lan');
  await rig.controller.createNetwork(asked('10.50.0.9,fd50::9'));
  rig.assertConsistent();
});

test('what is taken away is put back, what nobody wants goes, and another network on the parent stays', async () => {
  using rig = await Rig.started();
  const network = await rig.controller.createNetwork(lan);
  const subnets = { ipam: { config: [{ subnet: '10.60.0.0/24' }, { subnet: 'fd60::/64' }] } };
  await rig.controller.createNetwork({ ...lan, name: 'second', ...subnets });
  const sandbox = await rig.sandbox('web', {});
  await rig.join(sandbox, network);
  const before = hostSide(rig);
  const removal = (object: KernelObject): Change => ({ action: 'remove', object });
  for (const object of rig.kernel.observe('', ['link', 'address', 'route'])) {
    const link = object.kind === 'link' ? object.name : 'link' in object ? object.link : undefined;
    if (link === undefined || !link.startsWith('hl-')) continue;
    await rig.kernel.apply([removal(object)]);
    await rig.controller.repair();
    assert.deepEqual(hostSide(rig).sort(), before.toSorted());
  }
  rig.state.dropSandbox(sandbox.id);
  await rig.boot(rig.life);
  assert.deepEqual(
    hostSide(rig).filter((line) => line.includes('from')),
    [],
  );
  await rig.controller.removeNetwork('lan');
  assert.deepEqual(hostSide(rig), ['link on uplink', '10.60.0.1/32', 'fd60::1/128']);
  rig.assertConsistent();
  await rig.controller.withdraw();
  assert.deepEqual(hostSide(rig), []);
});

test('the host is no way out of an internal network', async () => {
  using rig = await Rig.started();
  const { parent } = await rig.controller.createNetwork({ ...lan, internal: true });
  const sets = rig.kernel
    .observe('', ['element'])
    .flatMap((one) => (one.kind === 'element' && one.key[0] === parent?.host?.name ? [one.set] : []));
  assert.deepEqual(sets.sort(), ['bridges', 'internal', 'same_bridge', 'unrelayed']);
});

test('whether the host is on a network is settled when it is made', async () => {
  using rig = await Rig.started();
  await rig.controller.createNetwork(lan);
  await assert.rejects(rig.controller.updateNetwork('lan', { options: { [HOST_ACCESS]: null } }), {
    code: 'forbidden',
  });
});

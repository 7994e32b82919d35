import assert from 'node:assert/strict';
import { test } from 'node:test';
import { segmentsTableName } from '@fairlead/firewall';
import { type Change, describeChange, type KernelObject } from '@fairlead/netlink';
import type { Endpoint } from '../model.ts';
import { plainSettings, Rig } from '../testing/rig.ts';
import { endpoint, network } from '../testing/samples.ts';
import {
  capacityOf,
  kernelCapacity,
  segmentsOf,
  segmentWithRoom,
  withoutIdleSegments,
  withSegment,
} from './segments.ts';

/** Bridges with four ports, of which the first keeps two for others: room for 2, 3 and 3. */
const small = { ports: 4, segments: 2 };
const settings = { ...plainSettings, bridgeCapacity: small };

/** Endpoints, so many on each bridge. */
const on = (...counts: number[]): Endpoint[] =>
  counts.flatMap((count, segment) =>
    Array.from({ length: count }, () => endpoint({ ...(segment > 0 && { segment }) })),
  );

const rooms: readonly (readonly [present: readonly number[], segment: number])[] = [
  [[], 0],
  [[1], 0],
  [[2], 1],
  [[2, 2], 1],
  [[2, 3], 2],
  [[1, 3], 0],
  [[2, 1, 3], 1],
  [[5, 2], 1],
];
for (const [present, segment] of rooms) {
  test(`with ${present.join(', ') || 'nobody'} there, the next one is put on bridge ${segment}`, () =>
    assert.equal(segmentWithRoom(network(), on(...present), small), segment));
}

test('a network whose bridges have no more ports is full', () => {
  assert.throws(() => segmentWithRoom(network(), on(2, 3, 3), small), {
    code: 'forbidden',
    message: 'network app is full with 8 containers: its bridges have no more ports; connect others to another network',
  });
  const { ports, segments } = kernelCapacity;
  assert.ok(ports - segments + segments * (ports - 1) > 0xffff, 'a /16 fits');
});

test('a network can leave ports of its bridges to others', () => {
  const option = (ports: string) => network({ options: { 'com.fairlead.bridge-ports': ports } });
  const texts = ['2', '3', '100', '1023'];
  assert.deepEqual(
    texts.map((ports) => capacityOf(option(ports), kernelCapacity)),
    [{ ports: 2, segments: 1 }, { ports: 3, segments: 1 }, { ports: 100, segments: 50 }, kernelCapacity],
  );
  assert.equal(capacityOf(network(), small), small);
});

for (const ports of ['', '1', '1024', 'many', '-5', '2.5']) {
  test(`a bridge cannot have ${JSON.stringify(ports)} ports`, async () => {
    using rig = await Rig.started();
    const options = { 'com.fairlead.bridge-ports': ports };
    await assert.rejects(rig.controller.createNetwork({ name: 'app', options }), {
      code: 'invalid-argument',
      message: /^failed to parse com\.fairlead\.bridge-ports value: .* \(expected a number from 2 to 1023\)$/,
    });
  });
}

test('bridges are added up to the one that is needed, and forgotten from the last', () => {
  const app = network();
  const grown = withSegment(app, 2);
  assert.deepEqual(
    segmentsOf(grown).map(({ number, first, isolated }) => [number, first, isolated]),
    [
      [1, 'br-app', false],
      [2, 'br-app', false],
    ],
  );
  assert.equal(withSegment(grown, 1), grown);
  assert.equal(withoutIdleSegments(grown, on(0, 0, 1)), grown);
  assert.equal(segmentsOf(withoutIdleSegments(grown, on(1, 1))).length, 1);
  assert.deepEqual(withoutIdleSegments(grown, on(1)), app);
});

/** Bridges and cables of the network, each with its master and whether it is isolated. */
function links(rig: Rig): string[] {
  return rig.kernel.observe('', ['link']).flatMap((link) => {
    if (link.kind !== 'link' || !/^[btu]\d-/.test(link.name)) return [];
    const master = link.master === undefined ? '' : ` in ${link.master.replace(/-.*/, '')}`;
    return [`${link.name.replace(/-.*/, '')}${master}${link.port?.isolated ? ' isolated' : ''}`];
  });
}

/** Names of the tables of the host. */
function tables(rig: Rig): string[] {
  return rig.kernel
    .observe('', ['table'])
    .flatMap((object) => (object.kind === 'table' ? [object.definition.name] : []));
}

/** Whose cable is in which bridge. */
function ports(rig: Rig): string[] {
  const cables = rig.kernel
    .observe('', ['link'])
    .filter((link) => link.kind === 'link' && link.name.startsWith('veth'));
  return cables.map((link) => (link.kind === 'link' ? (link.master?.replace(/-.*/, '') ?? '') : '')).sort();
}

async function joinMany(rig: Rig, name: string, count: number, from = 0): Promise<void> {
  const app = rig.controller.findNetwork(name);
  for (let index = from; index < from + count; index++) await rig.join(await rig.sandbox(`c${index}`, {}), app);
}

const removal = (object: KernelObject): Change => ({ action: 'remove', object });

test('containers for which the bridge has no port are on further ones, joined to it; all of it is repaired and withdrawn', async () => {
  using rig = await Rig.started(settings);
  await rig.controller.createNetwork({ name: 'app', options: { 'com.fairlead.antispoof': 'true' } });
  await joinMany(rig, 'app', 6);
  assert.deepEqual(links(rig).sort(), ['b1', 'b2', 't1 in br', 't2 in br', 'u1 in b1', 'u2 in b2']);
  assert.deepEqual(ports(rig), ['b1', 'b1', 'b1', 'b2', 'br', 'br']);
  assert.ok(tables(rig).includes(segmentsTableName));
  rig.assertConsistent();
  assert.deepEqual(await rig.controller.repair(), []);
  for (const victim of ['b1', 't1', 'u2']) {
    const link = rig.kernel
      .observe('', ['link'])
      .find((one) => one.kind === 'link' && one.name.startsWith(`${victim}-`));
    assert.ok(link?.kind === 'link');
    await rig.kernel.apply([removal({ ...link, type: { kind: 'other', name: '' } })]);
    assert.notDeepEqual(await rig.controller.repair(), []);
    rig.assertConsistent();
  }
  await rig.controller.withdraw();
  assert.deepEqual([links(rig), tables(rig)], [[], []]);
});

test('bridges that nobody is on go with the next start, or with the network, and their table with the last of them', async () => {
  using rig = await Rig.started(settings);
  const before = tables(rig);
  await rig.controller.createNetwork({ name: 'app' });
  await joinMany(rig, 'app', 6);
  await rig.boot(rig.life, ({ ownerName }) => ownerName < 'c3');
  assert.deepEqual(links(rig).sort(), ['b1', 't1 in br', 'u1 in b1']);
  rig.assertConsistent();
  for (const { id } of [...rig.state.sandboxes]) await rig.controller.closeSandbox(id);
  await rig.controller.removeNetwork('app');
  assert.deepEqual(links(rig), []);
  rig.assertConsistent();
  assert.deepEqual((await rig.controller.repair()).map(describeChange), [`remove table ${segmentsTableName}`]);
  assert.deepEqual(tables(rig), before);
});

test('containers that are kept from each other are so across bridges: trunks are isolated as their ports are', async () => {
  using rig = await Rig.started(settings);
  const icc = 'com.docker.network.bridge.enable_icc';
  await rig.controller.createNetwork({ name: 'app', options: { [icc]: 'false' } });
  await joinMany(rig, 'app', 3);
  assert.deepEqual(links(rig).sort(), ['b1', 't1 in br isolated', 'u1 in b1']);
  await rig.controller.updateNetwork('app', { options: { [icc]: null, 'com.docker.network.driver.mtu': '1400' } });
  assert.deepEqual(links(rig).sort(), ['b1', 't1 in br', 'u1 in b1']);
  const sizes = rig.kernel
    .observe('', ['link'])
    .flatMap((link) => (link.kind === 'link' && /^[btu]1-/.test(link.name) ? [link.mtu] : []));
  assert.deepEqual(sizes, [1400, 1400, 1400]);
  rig.assertConsistent();
});

test('a change of the network that is taken back leaves the bridges that came meanwhile', async () => {
  using rig = await Rig.started(settings);
  await rig.controller.createNetwork({ name: 'app' });
  await joinMany(rig, 'app', 2);
  const late = await rig.sandbox('late', {});
  const apply = rig.kernel.apply.bind(rig.kernel);
  rig.kernel.apply = async (changes) => {
    rig.kernel.apply = apply;
    await rig.join(late, rig.controller.findNetwork('app'));
    throw new Error(`not ${changes.length}`);
  };
  const smaller = { options: { 'com.docker.network.driver.mtu': '1400' } };
  await assert.rejects(rig.controller.updateNetwork('app', smaller), /^Error: not/);
  assert.deepEqual(links(rig).sort(), ['b1', 't1 in br', 'u1 in b1']);
  await rig.controller.repair();
  rig.assertConsistent();
  assert.deepEqual(links(rig).sort(), ['b1', 't1 in br', 'u1 in b1']);
});

test('a bridge that cannot be made leaves the network as it was', async () => {
  using rig = await Rig.started(settings);
  const app = await rig.controller.createNetwork({ name: 'app' });
  await joinMany(rig, 'app', 2);
  const sandbox = await rig.sandbox('late', {});
  const before = rig.snapshot();
  const apply = rig.kernel.apply.bind(rig.kernel);
  rig.kernel.apply = async (changes) => {
    if (changes.some(({ object }) => object.kind === 'link' && object.name.startsWith('t1-')))
      throw new Error('no more');
    await apply(changes);
  };
  await assert.rejects(rig.join(sandbox, app), /no more/);
  rig.kernel.apply = apply;
  assert.equal(rig.snapshot(), before);
  await rig.join(sandbox, app);
  assert.deepEqual(ports(rig), ['b1', 'br', 'br']);
  rig.assertConsistent();
});

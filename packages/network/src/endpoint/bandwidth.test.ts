import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rig } from '../testing/rig.ts';
import { bandwidthOf, bandwidthOptions, withBandwidth } from './bandwidth.ts';

const key = { in: 'com.fairlead.bandwidth.in', out: 'com.fairlead.bandwidth.out' } as const;

const rates: readonly (readonly [text: string, rate: number | 'none'])[] = [
  ['10mbit', 1_250_000],
  ['1.5Gbit', 187_500_000],
  ['64kbit', 8000],
  ['8000bit', 1000],
  ['34gbit', 4_250_000_000],
  ['none', 'none'],
];
for (const [text, rate] of rates) {
  test(`${text} is ${rate} bytes a second`, () => assert.deepEqual(bandwidthOptions({ [key.in]: text }), { in: rate }));
}

for (const text of ['10', '10mbps', '-1mbit', '7kbit', '35gbit', 'fast', '1e3kbit']) {
  test(`refused: ${text}`, () => {
    assert.throws(() => bandwidthOptions({ [key.out]: text }), {
      code: 'invalid-argument',
      message: `failed to parse ${key.out} value: ${text} (expected none, or 8kbit to 34gbit: a number and bit, kbit, mbit or gbit)`,
    });
  });
}

test('an endpoint says otherwise than its network, each way for itself', () => {
  const network = { options: { [key.in]: '10mbit', [key.out]: '10mbit' } };
  assert.deepEqual(bandwidthOf(network, {}), { in: 1_250_000, out: 1_250_000 });
  assert.deepEqual(bandwidthOf(network, { driverOptions: withBandwidth({}, { in: 'none' }) }), { out: 1_250_000 });
  assert.deepEqual(bandwidthOf({ options: {} }, { driverOptions: withBandwidth(undefined, { out: '20mbit' }) }), {
    out: 2_500_000,
  });
});

/** `link rate` of every limit. */
function limits(rig: Rig): string[] {
  return ['', 'fl-web'].flatMap((namespace) =>
    rig.kernel
      .observe(namespace, ['qdisc'])
      .flatMap((object) => (object.kind === 'qdisc' ? [`${object.link.slice(0, 4)} ${object.rate}`] : [])),
  );
}

test('limits come with an endpoint, change while it is there, are repaired, and go with it', async () => {
  using rig = await Rig.started();
  const network = await rig.controller.createNetwork({ name: 'app', options: { [key.in]: '10mbit' } });
  const sandbox = await rig.sandbox('web', {});
  const endpoint = await rig.join(sandbox, network, { driverOptions: { [key.out]: '20mbit' } });
  assert.deepEqual(limits(rig), ['veth 1250000', 'eth0 2500000']);
  await rig.controller.configure(endpoint, { driverOptions: { [key.in]: '5mbit' } });
  assert.deepEqual(limits(rig), ['veth 625000']);
  const host = endpoint.hostInterface ?? '';
  await rig.kernel.apply([{ action: 'remove', object: { kind: 'qdisc', namespace: '', link: host, rate: 625_000 } }]);
  await rig.kernel.apply([{ action: 'add', object: { kind: 'qdisc', namespace: 'fl-web', link: 'eth0', rate: 1000 } }]);
  await rig.controller.repair();
  assert.deepEqual(limits(rig), ['veth 625000']);
  rig.assertConsistent();
  await assert.rejects(rig.controller.configure(endpoint, { driverOptions: { [key.in]: 'fast' } }), {
    code: 'invalid-argument',
  });
  assert.deepEqual(limits(rig), ['veth 625000']);
  await rig.controller.closeSandbox(sandbox.id);
  rig.assertConsistent();
});

test('what containers receive on a network of a parent cannot be limited', async () => {
  using rig = await Rig.started();
  const request = { name: 'lan', driver: 'macvlan', options: { parent: 'uplink', [key.in]: '10mbit' } };
  await assert.rejects(rig.controller.createNetwork(request), {
    message: `${key.in} cannot be had on network lan: what containers receive on a macvlan network comes by no queue of the host`,
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { Rig } from '../testing/rig.ts';
import { endpoint, network, parented } from '../testing/samples.ts';
import { antispoofFragment, antispoofOption } from './antispoof.ts';

const KEY = 'com.fairlead.antispoof';
const guarded = network({ subnets: ['4', '6'], options: { [KEY]: 'true' } });

/** `set: what is behind the port`, and the entries of the bridge. */
function lines(objects: ReturnType<typeof antispoofFragment>): string[] {
  return objects.flatMap((object) => {
    if (object.kind === 'fdb') return [`${object.link} sticks to ${object.mac}`];
    return object.kind === 'element' ? [`${object.set} ${object.key.join(' ')}`] : [];
  });
}

test('a port is held to all addresses of its container: those of the network, automatic ones, other networks’', () => {
  const config = { linkLocalAddresses: ['169.254.7.7'] };
  const first = { network: guarded, endpoint: endpoint({ families: '46', config }) };
  const other = { network: parented(), endpoint: endpoint({ ipv4: parseIpAddress('10.0.0.7') }) };
  const port = 'veth0123456789a';
  assert.deepEqual(lines(antispoofFragment([first, other])), [
    `guarded ${port}`,
    `hardware ${port} 02:00:00:00:00:02`,
    `address4 ${port} 10.0.0.2`,
    `address6 ${port} fd00::2`,
    `target6 ${port} fd00::2`,
    `address4 ${port} 169.254.7.7`,
    `address4 ${port} 10.0.0.7`,
    `address6 ${port} fe80::ff:fe00:2`,
    `target6 ${port} fe80::ff:fe00:2`,
    `${port} sticks to 02:00:00:00:00:02`,
  ]);
});

test('without IPv6 there is no automatic address', () => {
  const text = lines(antispoofFragment([{ network: guarded, endpoint: endpoint() }])).join('\n');
  assert.doesNotMatch(text, /address6|target6/);
});

test('an endpoint says otherwise than its network', () => {
  const config = (value: string) => ({ config: { driverOptions: { [KEY]: value } } });
  const held = (item: Parameters<typeof antispoofFragment>[0][number]) => antispoofFragment([item]).length > 0;
  assert.equal(held({ network: guarded, endpoint: endpoint(config('false')) }), false);
  assert.equal(held({ network: network(), endpoint: endpoint(config('true')) }), true);
  assert.equal(held({ network: network(), endpoint: endpoint() }), false);
  assert.throws(() => antispoofOption({ [KEY]: 'yes' }), {
    code: 'invalid-argument',
    message: `failed to parse ${KEY} value: yes (strconv.ParseBool: parsing "yes": invalid syntax)`,
  });
});

/** Sets of the table that hold something, or what there is of the table. */
function held(rig: Rig): string {
  const objects = rig.kernel.observe('');
  const sets = objects.flatMap((object) => (object.kind === 'element' && object.family ? [object.set] : []));
  const isThere = objects.some(({ kind, ...rest }) => kind === 'table' && JSON.stringify(rest).includes('antispoof'));
  return isThere ? [...new Set(sets)].sort().join(' ') : 'no table';
}

const everything = 'address4 guarded hardware';

test('the table comes with the first who is held, and goes when somebody looks and nobody is', async () => {
  using rig = await Rig.started();
  const app = await rig.controller.createNetwork({ name: 'app' });
  const sandbox = await rig.sandbox('web', {});
  await rig.join(sandbox, app);
  assert.equal(held(rig), 'no table');
  await rig.controller.updateNetwork('app', { options: { [KEY]: 'true' } });
  assert.equal(held(rig), everything);
  rig.assertConsistent();
  await rig.controller.updateNetwork('app', { options: { [KEY]: null } });
  assert.equal(held(rig), '');
  rig.assertConsistent();
  await rig.controller.repair();
  assert.equal(held(rig), 'no table');
});

test('what somebody takes away is put back, and nothing is left when everything is withdrawn', async () => {
  using rig = await Rig.started();
  const app = await rig.controller.createNetwork({ name: 'app', options: { [KEY]: 'true' } });
  const sandbox = await rig.sandbox('web', {});
  const { hostInterface = '', mac } = await rig.join(sandbox, app);
  const table = rig.kernel
    .observe('', ['table'])
    .find((object) => object.kind === 'table' && object.definition.family === 'bridge');
  assert.ok(table && mac);
  await rig.kernel.apply([
    { action: 'remove', object: table },
    { action: 'remove', object: { kind: 'fdb', namespace: '', link: hostInterface, mac, on: 'master' } },
  ]);
  await rig.controller.repair();
  assert.equal(held(rig), everything);
  rig.assertConsistent();
  await rig.controller.closeSandbox(sandbox.id);
  await rig.controller.withdraw();
  assert.equal(held(rig), 'no table');
});

test('entries of a bridge that nobody wants any more go with the table', async () => {
  using rig = await Rig.started();
  const app = await rig.controller.createNetwork({ name: 'app', options: { [KEY]: 'true' } });
  const sandbox = await rig.sandbox('web', {});
  await rig.join(sandbox, app);
  // As a crash leaves it between the store and the kernel.
  const { [KEY]: _, ...options } = app.options;
  rig.state.networks.put({ ...app, options });
  await rig.boot(rig.life);
  assert.equal(held(rig), 'no table');
  assert.deepEqual(rig.kernel.observe('', ['fdb']), []);
  rig.assertConsistent();
});

test('only a bridge of the host can hold containers to their addresses', async () => {
  using rig = await Rig.started();
  const request = { name: 'lan', driver: 'macvlan', options: { parent: 'uplink', [KEY]: 'true' } };
  await assert.rejects(rig.controller.createNetwork(request), {
    message: `${KEY} cannot be had on network lan: containers on a macvlan network send past every bridge of the host`,
  });
  await assert.rejects(rig.controller.createNetwork({ name: 'app', options: { [KEY]: 'perhaps' } }), {
    code: 'invalid-argument',
  });
});

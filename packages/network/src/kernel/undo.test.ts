import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInterfaceAddress, parseIpAddress, parsePrefix } from '@fairlead/base';
import type { Change, KernelObject, LinkObject } from '@fairlead/netlink';
import { Rig } from '../testing/rig.ts';
import { removals } from './diff.ts';
import { undoOf } from './undo.ts';

const bridge: LinkObject = { kind: 'link', namespace: '', name: 'br0', type: { kind: 'bridge' }, up: true, mtu: 1500 };
const address: KernelObject = {
  kind: 'address',
  namespace: '',
  link: 'br0',
  address: parseInterfaceAddress('10.0.0.1/24'),
};
const route = (via: string): KernelObject => ({
  kind: 'route',
  namespace: 'web',
  destination: parsePrefix('0.0.0.0/0'),
  via: parseIpAddress(via),
  link: 'eth0',
});
const forwarding = (value: string): KernelObject => ({
  kind: 'sysctl',
  namespace: '',
  key: 'net.ipv4.ip_forward',
  value,
});
const add = (object: KernelObject): Change => ({ action: 'add', object });
const change = (object: KernelObject, previous: KernelObject): Change => ({ action: 'change', object, previous });

const table: KernelObject = {
  ...{ kind: 'table', namespace: '' },
  definition: { family: 'bridge', name: 'shared', sets: [], chains: [] },
};

const cases: [what: string, made: readonly Change[], undo: readonly Change[]][] = [
  ['what was added goes', [add(bridge), add(address)], [{ action: 'remove', object: bridge, alongside: [address] }]],
  [
    'what was changed is changed back',
    [change(route('10.0.0.2'), route('10.0.0.1'))],
    [change(route('10.0.0.1'), route('10.0.0.2'))],
  ],
  [
    'a setting has the value that it had',
    [change(forwarding('1'), forwarding('0'))],
    [change(forwarding('0'), forwarding('1'))],
  ],
  ['what went comes back, with all that went alongside', removals([bridge, address]), [add(bridge), add(address)]],
  ['what came and went was never there', [add(bridge), ...removals([bridge])], []],
  ['a table of the host, which stays when others go, is not made once more', removals([bridge, table]), [add(bridge)]],
  ['a table of the host goes with what has made it', [add(table)], [{ action: 'remove', object: table }]],
  [
    'only the first state counts, and only the last',
    [change({ ...bridge, mtu: 1400 }, bridge), change({ ...bridge, mtu: 1300 }, { ...bridge, mtu: 1400 })],
    [change(bridge, { ...bridge, mtu: 1300 })],
  ],
];

for (const [what, made, undo] of cases) test(`undone: ${what}`, () => assert.deepEqual(undoOf(made), undo));

test('after every operation of a life its undoing leads back to the kernel as it was', async () => {
  using rig = await Rig.started();
  const made: Change[] = [];
  const apply = rig.kernel.apply.bind(rig.kernel);
  rig.kernel.apply = (changes) => {
    made.push(...changes);
    return apply(changes);
  };
  const dump = () => ['', ...rig.kernel.namespaces()].map((name) => rig.kernel.dump(name)).join('\n');
  /** Settings of the host stay in a kernel in memory that does not say what they were. */
  const lasting = () => dump().replaceAll(/^sysctl .*\n?/gm, '');
  const undone = async (work: () => Promise<unknown>) => {
    const before = lasting();
    made.splice(0);
    await work();
    const [changes, after] = [[...made], dump()];
    await apply(undoOf(changes));
    assert.equal(lasting(), before);
    await apply(undoOf(undoOf(changes)));
    assert.equal(dump(), after);
  };
  const { controller } = rig;
  await undone(() => controller.createNetwork({ name: 'app', ipv6: true }));
  await undone(() => controller.createNetwork({ name: 'plain' }));
  const sandbox = await rig.sandbox('web', { ports: [{ protocol: 'tcp', containerPort: 80 }] });
  await undone(() => rig.join(sandbox, controller.findNetwork('plain')));
  await undone(() => rig.join(sandbox, controller.findNetwork('app')));
  await undone(() => controller.updateNetwork('app', { options: { 'com.docker.network.driver.mtu': '1400' } }));
  const [first] = controller.endpointsIn(sandbox.id);
  assert.ok(first);
  await undone(() => controller.leave(first));
  await undone(() => controller.closeSandbox(sandbox.id));
  await undone(() => controller.removeNetwork('app'));
});

test('a port that was put into a bridge is taken out of it', () => {
  const port = { kind: 'link', namespace: '', name: 'veth1', type: { kind: 'veth' }, up: true } as const;
  const plugged = { ...port, master: 'br-app' };
  assert.deepEqual(undoOf([{ action: 'change', object: plugged, previous: port }]), [
    { action: 'change', object: port, previous: plugged },
  ]);
  assert.deepEqual(undoOf([{ action: 'change', object: { ...plugged, up: false }, previous: plugged }]).length, 1);
});

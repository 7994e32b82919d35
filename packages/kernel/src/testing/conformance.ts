import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { parseIpAddress as ip, parseMacAddress as mac, parsePrefix as prefix } from '@fairlead/base';
import {
  type Change,
  identityOf,
  type KernelObject,
  type NamespaceName,
  satisfies,
  type TableObject,
} from '@fairlead/netlink';
import { ApplyError } from '../change/apply-error.ts';
import { errnoOf } from '../system-call/errno-of.ts';
import {
  add,
  address,
  attached,
  box,
  bridge,
  bucket,
  definition,
  element,
  everything,
  fdb,
  foreignLink,
  gateway,
  host,
  inner,
  macvlan,
  moved,
  neighbor,
  published,
  remove,
  route,
  rule,
  spaces,
  sysctl,
  table,
  veth,
  vxlan,
} from './conformance-objects.ts';

/** What both kernels have. */
export interface ConformingKernel {
  apply(changes: readonly Change[]): Promise<void>;
  observe(namespace: NamespaceName, kinds?: readonly KernelObject['kind'][]): KernelObject[];
  namespaces(): NamespaceName[];
  readSysctl(namespace: NamespaceName, key: string): string | undefined;
}

/** What must be refused, upon the attached state and these additions, and how. */
const refusals: [name: string, before: KernelObject[], change: Change, errno: string][] = [
  ['an address on a missing link', [], add(address(box, 'eth9', '10.0.0.1/24')), 'ENODEV'],
  ['an IPv6 address with another prefix', [], add(address(box, 'eth0', 'fd77::2/80')), 'EEXIST'],
  ['a route over a missing link', [], add(route('10.9.0.0/16', { link: 'eth9' })), 'ENODEV'],
  [
    'a route over a link that is down',
    [{ ...inner, up: false }],
    add(route('10.9.0.0/16', { link: 'eth0' })),
    'ENETDOWN',
  ],
  ['an IPv4 gateway that nobody can reach', [], add(route('10.9.0.0/16', { via: ip('192.0.2.1') })), 'ENETUNREACH'],
  [
    'an IPv6 gateway that nobody can reach',
    [],
    add(route('fd09::/64', { via: ip('fd99::1'), link: 'eth0' })),
    'EHOSTUNREACH',
  ],
  [
    'a route that is there another way',
    [route('0.0.0.0/0', gateway)],
    add(route('0.0.0.0/0', { ...gateway, via: ip('10.77.0.5') })),
    'EEXIST',
  ],
  ['a link with a missing bridge', [], add({ ...vxlan, master: 'fl9' }), 'ENODEV'],
  ['a link with a master that is no bridge', [], add({ ...vxlan, master: 'fla' }), 'EOPNOTSUPP'],
  ['a link whose name is taken by another kind', [], add({ ...vxlan, name: 'fl0' }), 'EEXIST'],
  ['a veth whose peer has a taken name', [], add({ ...veth, name: 'flb' }), 'EEXIST'],
  [
    'a veth into a missing namespace',
    [],
    add({ ...veth, name: 'flb', type: { kind: 'veth', peer: { namespace: 'fl-test-none', name: 'x' } } }),
    'ENOENT',
  ],
  ['an inner end that nobody made', [], add({ ...inner, name: 'eth9' }), 'ENODEV'],
  ['a name of sixteen characters', [], add({ ...bridge, name: 'a234567890123456' }), 'ERANGE'],
  ['a name with a slash', [], add({ ...bridge, name: 'a/b' }), 'EINVAL'],
  [
    'a child of a missing parent',
    [],
    add({ ...vxlan, type: { kind: 'macvlan', parent: 'fl9', mode: 'bridge' } }),
    'ENODEV',
  ],
  [
    'a parent to itself that has another child',
    [macvlan],
    add({ ...macvlan, name: 'flm2', type: { kind: 'macvlan', parent: 'fl0', mode: 'passthru' } }),
    'EINVAL',
  ],
  [
    'a child of a parent that has one to itself',
    [{ ...macvlan, type: { kind: 'macvlan', parent: 'fl0', mode: 'passthru' } }],
    add({ ...macvlan, name: 'flm2' }),
    'EINVAL',
  ],
  ['a sysctl of a missing link', [], add({ ...sysctl, key: 'net.ipv4.conf.eth9.rp_filter' }), 'ENOENT'],
  [
    'IPv6 of a link too narrow for it',
    [{ ...bridge, name: 'fl9', mac: mac('02:42:00:00:00:09'), mtu: 1279 }],
    add({ ...sysctl, namespace: host, key: 'net.ipv6.conf.fl9.disable_ipv6' }),
    'ENOENT',
  ],
  ['a neighbour on a missing link', [], add({ ...neighbor, link: 'eth9' }), 'ENODEV'],
  ['a limit of a missing link', [], add({ ...bucket, link: 'eth9' }), 'ENODEV'],
  [
    'an entry in the bridge of a link without one',
    [],
    add({ ...fdb('fl0', '02:42:00:00:00:64', { on: 'master' }) }),
    'EOPNOTSUPP',
  ],
  [
    'a jump to a missing chain',
    [],
    add({ ...table, definition: { ...definition, chains: definition.chains.slice(1) } }),
    'ENOENT',
  ],
  [
    'a rule that looks into a missing set',
    [],
    add({ ...table, definition: { ...definition, sets: definition.sets.slice(1) } }),
    'ENOENT',
  ],
  ['an element with another value', [table, published], add({ ...published, value: ['10.77.0.3', '80'] }), 'EEXIST'],
  ['anything in a missing namespace', [], add({ ...bridge, namespace: 'fl-test-none' }), 'ENOENT'],
];

/** What can be changed in place, upon the attached state. */
const changes: [name: string, before: KernelObject, after: KernelObject][] = [
  ['MTU and alias of a link', bridge, { ...bridge, mtu: 1400, alias: 'fairlead z' }],
  ['a route’s gateway', route('10.80.0.0/16', gateway), route('10.80.0.0/16', { ...gateway, via: ip('10.77.0.5') })],
  ['a rule’s source', rule, { ...rule, from: prefix('10.77.0.0/25') }],
  ['a neighbour’s address', neighbor, { ...neighbor, mac: mac('02:42:00:00:00:08') }],
  ['a sysctl', sysctl, { ...sysctl, value: '1' }],
  ['a table', table, { ...table, definition: { ...definition, chains: definition.chains.slice(0, 1) } }],
];
/** Makes a kernel that has some objects. */
type Start = (...objects: KernelObject[]) => Promise<ConformingKernel>;

/**
 * Register the tests that say how a kernel behaves.
 *
 * @param create makes a kernel in which no namespace of an earlier test is left.
 */
export function conformanceTests(create: () => ConformingKernel): void {
  const start: Start = async (...objects) => {
    const kernel = create();
    await kernel.apply(objects.map(add));
    return kernel;
  };
  additionTests(start);
  removalTests(start);
  changeTests(start);
  tableTests(start);
  refusalTests(start);
}

function additionTests(start: Start): void {
  test('what was added is observed', async () => {
    const kernel = await start(...everything);
    assertHolds(kernel, everything);
    assert.equal(kernel.readSysctl(box, sysctl.key), '2');
    assert.equal(kernel.readSysctl(box, 'net.ipv4.conf.eth9.rp_filter'), undefined);
    assert.ok(kernel.namespaces().includes(host) && kernel.namespaces().includes(box));
  });

  test('adding it again is success and changes nothing', async () => {
    const kernel = await start(...everything);
    const before = kernel.observe(host).length;
    await kernel.apply(everything.map(add));
    assertHolds(kernel, everything);
    assert.equal(kernel.observe(host).length, before);
  });

  test('a link that has come up is there for those who begin with one that is down', async () => {
    const kernel = await start(...attached, macvlan);
    await kernel.apply([add({ ...macvlan, up: false })]);
    assertHolds(kernel, [macvlan]);
  });

  test('a link of somebody else’s is moved, found as wanted, and moved back under its name', async () => {
    const kernel = await start(...attached, foreignLink);
    const names = (namespace: string) =>
      kernel.observe(namespace, ['link']).flatMap((link) => (link.kind === 'link' ? [link.name] : []));
    await kernel.apply([add({ ...moved, up: false }), add(address(box, 'net0', '10.78.0.2/24'))]);
    await kernel.apply([{ action: 'change', object: moved, previous: { ...moved, up: false } }]);
    await kernel.apply([add(moved)]);
    assertHolds(kernel, [moved, address(box, 'net0', '10.78.0.2/24')]);
    assert.ok(!names(host).includes('card'));
    await kernel.apply([remove(moved)]);
    await kernel.apply([remove(moved)]);
    assert.ok(!names(box).includes('net0'));
    const back = kernel.observe(host, ['link']).find((link) => link.kind === 'link' && link.name === 'card');
    assert.ok(back?.kind === 'link' && !back.up && !back.alias, JSON.stringify(back));
    await assert.rejects(kernel.apply([add({ ...moved, name: 'net1', type: { kind: 'moved', source: 'gone' } })]));
  });
}

function removalTests(start: Start): void {
  test('what was removed is gone, and removing it again is success', async () => {
    const kernel = await start(...everything);
    const rest = everything.slice(spaces.length).toReversed();
    await kernel.apply(rest.map(remove));
    for (const object of rest) if (object.kind !== 'sysctl') assertLacks(kernel, object);
    await kernel.apply(rest.map(remove));
    await kernel.apply(spaces.map(remove));
    await kernel.apply([...rest, ...spaces].map(remove));
    assert.ok(!kernel.namespaces().includes(host));
  });

  test('a veth goes with its outer end, and so does what is on it', async () => {
    const kernel = await start(...attached, route('0.0.0.0/0', gateway), neighbor);
    await kernel.apply([remove(veth)]);
    for (const object of [veth, inner, route('0.0.0.0/0', gateway), neighbor]) assertLacks(kernel, object);
  });

  test('a veth goes when the namespace of its inner end does', async () => {
    const kernel = await start(...attached);
    await kernel.apply([remove({ kind: 'namespace', namespace: box })]);
    await eventually(() => assertLacks(kernel, veth));
  });

  test('routes go when their link goes down', async () => {
    const kernel = await start(...attached, route('10.80.0.0/16', gateway));
    await kernel.apply([{ action: 'change', object: { ...inner, up: false }, previous: inner }]);
    assertLacks(kernel, route('10.80.0.0/16', gateway));
  });
}

function changeTests(start: Start): void {
  for (const [name, before, after] of changes) {
    test(`${name} can be changed`, async () => {
      const kernel = await start(...attached, before);
      await kernel.apply([{ action: 'change', object: after, previous: before }]);
      assertHolds(kernel, [after]);
    });
  }

  test('a link that no longer asks for its bridge is released', async () => {
    const kernel = await start(...attached);
    const { master: _, ...free } = veth;
    await kernel.apply([{ action: 'change', object: free, previous: veth }]);
    const found = kernel.observe(host, ['link']).find((object) => identityOf(object) === identityOf(veth));
    assert.ok(found?.kind === 'link' && found.master === undefined);
  });
}

function tableTests(start: Start): void {
  test('an element’s value can be changed', async () => {
    const kernel = await start(...spaces, table, published);
    const other = element('published', ['tcp', '8080-8090'], ['10.77.0.3', '81']);
    await kernel.apply([{ action: 'change', object: other, previous: published }]);
    assertHolds(kernel, [other]);
  });

  test('a table that changes keeps the elements of sets that do not', async () => {
    const kernel = await start(...spaces, table, published, element('bridges', ['fl0']));
    const next: TableObject = {
      ...table,
      definition: { ...definition, comment: 'next', sets: [...definition.sets, { name: 'more', key: ['ifname'] }] },
    };
    await kernel.apply([{ action: 'change', object: next, previous: table }]);
    assertHolds(kernel, [next, published, element('bridges', ['fl0'])]);
  });

  test('a table that changes takes with it what was in sets that it has no more, and that need not be removed', async () => {
    const kernel = await start(...spaces, table, published, element('bridges', ['fl0']));
    const sets = definition.sets.filter(({ name }) => name !== published.set);
    const next: TableObject = { ...table, definition: { ...definition, sets } };
    await kernel.apply([
      { action: 'change', object: next, previous: table },
      { action: 'remove', object: published },
    ]);
    assertHolds(kernel, [next, element('bridges', ['fl0'])]);
  });

  test('an element of a set that was not declared is refused', async () => {
    const kernel = await start(...spaces, table);
    await assert.rejects(kernel.apply([add(element('nothing', ['fl0']))]), /no set nothing in table fairlead/);
  });
}

function refusalTests(start: Start): void {
  for (const [name, before, change, errno] of refusals) {
    test(`${name} is refused with ${errno}, and what came before stays`, async () => {
      const kernel = await start(...attached, ...before);
      const first = add(address(host, 'fl0', '10.99.0.1/24'));
      await assert.rejects(kernel.apply([first, change, add(address(host, 'fl0', '10.98.0.1/24'))]), (error) => {
        assert.ok(error instanceof ApplyError);
        assert.equal(errnoOf(error.cause), errno, `${error.cause}`);
        assert.deepEqual(error.applied, [first]);
        assert.equal(error.failed, change);
        return true;
      });
      assertHolds(kernel, [first.object]);
      assertLacks(kernel, address(host, 'fl0', '10.98.0.1/24'));
    });
  }
}

function assertHolds(kernel: ConformingKernel, objects: readonly KernelObject[]): void {
  for (const object of objects) {
    if (object.kind === 'sysctl') {
      assert.equal(kernel.readSysctl(object.namespace, object.key), object.value);
      continue;
    }
    if (object.kind === 'namespace') continue;
    const found = kernel
      .observe(object.namespace, [object.kind])
      .find((candidate) => identityOf(candidate) === identityOf(object));
    assert.ok(found !== undefined, `no ${identityOf(object)}`);
    assert.ok(satisfies(found, object), `${JSON.stringify(found)} is not ${JSON.stringify(object)}`);
  }
}

function assertLacks(kernel: ConformingKernel, object: KernelObject): void {
  const found = kernel
    .observe(object.namespace, [object.kind])
    .find((candidate) => identityOf(candidate) === identityOf(object));
  assert.equal(found, undefined);
}

/** For what the kernel does in the background. */
async function eventually(check: () => void): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return check();
    } catch (error) {
      if (attempt === 100) throw error;
      await setTimeout(20);
    }
  }
}

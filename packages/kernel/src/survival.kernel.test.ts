import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { afterEach, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { parseInterfaceAddress, parseIpAddress } from '@fairlead/base';
import {
  type Change,
  type KernelObject,
  type LinkObject,
  NetlinkConnection,
  type TableDefinition,
} from '@fairlead/netlink';
import { features } from './features.ts';
import { Kernel } from './kernel.ts';
import { deleteNamespace, listNamespaces } from './namespace/namespace.ts';
import { testNames } from './testing/test-names.ts';

const host = `${testNames('survival')}host`;
const bridge: LinkObject = { kind: 'link', namespace: host, name: 'fl0', type: { kind: 'bridge' }, up: true };
const address: KernelObject = {
  kind: 'address',
  namespace: host,
  link: 'fl0',
  address: parseInterfaceAddress('10.77.0.1/24'),
};
const definition: TableDefinition = {
  family: 'inet',
  name: 'fairlead',
  protected: features['protected tables'].isSupported(),
  sets: [{ name: 'bridges', key: ['ifname'] }],
  chains: [],
};
const element = (name: string): KernelObject => ({
  kind: 'element',
  namespace: host,
  table: 'fairlead',
  set: 'bridges',
  key: [name],
});
const add = (object: KernelObject): Change => ({ action: 'add', object });

function clean(): void {
  if (listNamespaces().includes(host)) deleteNamespace(host);
}
clean();
afterEach(clean);

function inside(...words: string[]): string {
  return execFileSync('nsenter', [`--net=/run/netns/${host}`, ...words], { encoding: 'utf8' });
}

/** The owner's socket is closed in the background. */
async function ownerGone(): Promise<void> {
  while (inside('nft', 'list', 'table', 'inet', 'fairlead').includes('owner')) await setTimeout(10);
}

test('a link that somebody made anew under the same name is found again', async () => {
  using kernel = new Kernel();
  await kernel.apply([add({ kind: 'namespace', namespace: host }), add(bridge), add(address)]);
  inside('ip', 'link', 'del', 'fl0');
  inside('ip', 'link', 'add', 'fl0', 'type', 'bridge');
  await kernel.apply([add(address)]);
  assert.match(inside('ip', 'address', 'show', 'fl0'), /10\.77\.0\.1\/24/);
});

test('a namespace that somebody made anew under the same name is found again', async () => {
  using kernel = new Kernel();
  await kernel.apply([add({ kind: 'namespace', namespace: host }), add(bridge)]);
  execFileSync('ip', ['netns', 'del', host]);
  execFileSync('ip', ['netns', 'add', host]);
  assert.deepEqual(
    kernel.observe(host, ['link']).map((object) => object.kind === 'link' && object.name),
    ['lo'],
  );
  await kernel.apply([add(bridge), add(address)]);
  assert.match(inside('ip', 'address', 'show', 'fl0'), /10\.77\.0\.1\/24/);
});

test('a protected table outlives its owner, stands a flush by others, and is adopted by the next', async () => {
  features['protected tables'].require();
  {
    using first = new Kernel();
    await first.apply([
      add({ kind: 'namespace', namespace: host }),
      add({ kind: 'table', namespace: host, definition }),
      add(element('a')),
    ]);
    inside('nft', 'flush', 'ruleset');
    assert.match(inside('nft', 'list', 'ruleset'), /"a"/);
  }
  await ownerGone();
  using second = new Kernel();
  await second.apply([add(element('b'))]);
  inside('nft', 'flush', 'ruleset');
  assert.match(inside('nft', 'list', 'ruleset'), /"a",\s+"b"/);
  assert.notEqual(
    spawnSync('nsenter', [`--net=/run/netns/${host}`, 'nft', 'add', 'chain', 'inet', 'fairlead', 'x']).status,
    0,
  );
});

test('adding a table that is there as wanted adopts it and keeps what is in it', async () => {
  {
    using first = new Kernel();
    await first.apply([
      add({ kind: 'namespace', namespace: host }),
      add({ kind: 'table', namespace: host, definition }),
      add(element('a')),
    ]);
  }
  await ownerGone();
  using second = new Kernel();
  const sent: string[] = [];
  second.recorder.observe({ record: ({ operation }) => sent.push(operation) });
  await second.apply([add({ kind: 'table', namespace: host, definition })]);
  assert.deepEqual(sent, definition.protected ? ['add table inet fairlead'] : []);
  inside('nft', 'flush', 'ruleset');
  assert.equal(inside('nft', 'list', 'ruleset').includes('"a"'), definition.protected);
});

test('a table without an owner is read once, and again when somebody has changed it since', async (context) => {
  const makeOrphan = async () => {
    using first = new Kernel();
    await first.apply([
      add({ kind: 'namespace', namespace: host }),
      add({ kind: 'table', namespace: host, definition }),
      add(element('a')),
    ]);
  };
  await makeOrphan();
  await ownerGone();
  const execute = context.mock.method(NetlinkConnection.prototype, 'execute');
  const readings = () => execute.mock.calls.filter(({ arguments: [name] }) => name === 'list table fairlead').length;
  {
    using second = new Kernel();
    second.observe(host, ['table']);
    const before = readings();
    await second.apply([add({ kind: 'table', namespace: host, definition })]);
    assert.equal(readings() - before, definition.protected ? 0 : 3);
  }
  await ownerGone();
  using third = new Kernel();
  third.observe(host, ['table']);
  inside('nft', 'add chain inet fairlead foreign; add rule inet fairlead foreign meta length 5 drop');
  await third.apply([add({ kind: 'table', namespace: host, definition })]);
  assert.ok(!inside('nft', 'list', 'table', 'inet', 'fairlead').includes('foreign'));
});

test('of many elements those that are gone are left out, whatever takes the rest away', async () => {
  using kernel = new Kernel();
  const elements = Array.from({ length: 500 }, (_, index) => element(`l${index}`));
  await kernel.apply(
    [
      { kind: 'namespace', namespace: host } as const,
      { kind: 'table', namespace: host, definition } as const,
      ...elements,
    ].map(add),
  );
  await kernel.apply(elements.slice(0, 3).map((object) => ({ action: 'remove', object })));
  await kernel.apply(elements.map((object) => ({ action: 'remove', object })));
  assert.deepEqual(kernel.observe(host, ['element']), []);
});

test('something foreign in our table makes it differ, so that it is replaced', async () => {
  using kernel = new Kernel();
  const open = { ...definition, protected: false };
  await kernel.apply([
    add({ kind: 'namespace', namespace: host }),
    add({ kind: 'table', namespace: host, definition: open }),
  ]);
  inside('nft', 'add chain inet fairlead foreign; add rule inet fairlead foreign meta length 5 drop');
  const [found] = kernel.observe(host, ['table']);
  assert.ok(found?.kind === 'table' && found.definition.sets.length === 0);
});

test('others’ tables are not looked into', async () => {
  using kernel = new Kernel();
  await kernel.apply([add({ kind: 'namespace', namespace: host })]);
  inside('nft', 'add table ip other; add chain ip other c; add rule ip other c meta length 5 drop');
  assert.deepEqual(kernel.observe(host, ['table', 'element']), []);
});

test('connections are forgotten by protocol, address and port, and only those', async () => {
  using kernel = new Kernel();
  await kernel.apply([add({ kind: 'namespace', namespace: host })]);
  inside(
    'nft',
    'add table ip track; add chain ip track c { type filter hook output priority 0; }; add rule ip track c ct state new accept',
  );
  for (const port of ['5000', '6000']) inside('bash', '-c', `echo x > /dev/udp/127.0.0.1/${port}`);
  const tracked = () =>
    [...inside('cat', '/proc/net/nf_conntrack').matchAll(/udp .*?dport=(\d+)/g)].map(([, port]) => port).sort();
  assert.deepEqual(tracked(), ['5000', '6000']);
  await kernel.forgetConnections({ protocol: 'udp', address: parseIpAddress('127.0.0.1'), port: 5000 }, host);
  assert.deepEqual(tracked(), ['6000']);
  await kernel.forgetConnections({ protocol: 'tcp', port: 6000 }, host);
  await kernel.forgetConnections({}, host);
  assert.deepEqual(tracked(), ['6000']);
});

test('a removal does not hold up the main thread', async () => {
  using kernel = new Kernel();
  await kernel.apply([add({ kind: 'namespace', namespace: host }), add(bridge)]);
  let turns = 0;
  const turn = setImmediate(function count() {
    turns += 1;
    next = setImmediate(count);
  });
  let next = turn;
  await kernel.apply([{ action: 'remove', object: bridge }]);
  clearImmediate(next);
  assert.ok(turns > 0);
});

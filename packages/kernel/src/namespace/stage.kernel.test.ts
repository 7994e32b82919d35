import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { afterEach, describe, test } from 'node:test';
import { parseInterfaceAddress as cidr, parseMacAddress as mac } from '@fairlead/base';
import type { Change, KernelObject, LinkObject, TableDefinition } from '@fairlead/netlink';
import { Recorder } from '../change/recorder.ts';
import { Kernel } from '../kernel.ts';
import { testNames } from '../testing/test-names.ts';
import { deleteNamespace, listNamespaces } from './namespace.ts';
import { Stage } from './stage.ts';

const names = testNames('stage');
const [home, box] = [`${names}home`, `${names}box`];
const leaveNothing = () => [home, box].forEach((name) => deleteNamespace(name));
leaveNothing();

const add = (object: KernelObject): Change => ({ action: 'add', object });

const outer: LinkObject = {
  kind: 'link',
  namespace: '',
  name: 'flouter',
  up: true,
  mac: mac('02:42:00:00:00:02'),
  type: { kind: 'veth', peer: { namespace: box, name: 'eth0', mac: mac('02:42:00:00:00:03') } },
};
const endpoint: KernelObject[] = [
  { kind: 'namespace', namespace: '' },
  { kind: 'namespace', namespace: box },
  outer,
  { kind: 'sysctl', namespace: '', key: 'net.ipv4.ip_forward', value: '1' },
  { kind: 'address', namespace: box, link: 'eth0', address: cidr('10.77.0.2/24') },
  { kind: 'address', namespace: box, link: 'eth0', address: cidr('fd77::2/64') },
];

describe('a stage', () => {
  test('has the kernel do what is asked for where nobody sees it, under the names that were asked for', async () => {
    const recorder = new Recorder();
    const here = readlinkSync('/proc/thread-self/ns/net');
    using stage = new Stage();
    using kernel = new Kernel(recorder, stage);
    using machine = new Kernel();
    await kernel.apply(endpoint.map(add));
    const addresses = kernel.observe(box, ['address']).flatMap((one) => (one.kind === 'address' ? [one.address] : []));
    assert.ok(addresses.includes(cidr('10.77.0.2/24')) && addresses.includes(cidr('fd77::2/64')));
    assert.ok(!listNamespaces().includes(box));
    assert.deepEqual(
      machine.observe('', ['link']).filter((link) => link.kind === 'link' && link.name === 'flouter'),
      [],
    );
    assert.equal(readlinkSync('/proc/thread-self/ns/net'), here);
    const lines = (await recorder.transcript(1)) ?? [];
    assert.ok(lines.includes(`ip -n ${box} address add 10.77.0.2/24 broadcast 10.77.0.255 dev eth0`), lines.join('\n'));
    assert.ok(lines.some((line) => line.startsWith('ip link add name flouter') && line.endsWith(`netns ${box}`)));
  });

  test('has the kernel refuse what it would refuse', async () => {
    using stage = new Stage();
    using kernel = new Kernel(new Recorder(), stage);
    await assert.rejects(kernel.apply(endpoint.slice(0, 1).concat(endpoint.slice(4)).map(add)), /ENOENT/);
    await kernel.apply(endpoint.map(add));
    const taken = { ...outer, mac: mac('02:42:00:00:00:09') };
    await assert.rejects(kernel.apply([add(taken)]), /EEXIST/);
  });

  test('leaves no descriptor behind', async () => {
    const count = () => readdirSync('/proc/self/fd').length;
    const play = async () => {
      using stage = new Stage();
      using kernel = new Kernel(new Recorder(), stage);
      await kernel.apply(endpoint.map(add));
      await kernel.apply([{ action: 'remove', object: { kind: 'namespace', namespace: box } }]);
    };
    await play();
    const before = count();
    await play();
    assert.equal(count(), before);
  });
});

const table: TableDefinition = {
  family: 'inet',
  name: 'fairlead',
  protected: true,
  sets: [{ name: 'ports', key: ['inet_proto', 'inet_service'], value: ['ipv4_addr', 'inet_service'], interval: true }],
  chains: [],
};
const element = (port: string, to = '10.0.0.2'): KernelObject => {
  const place = { namespace: home, table: 'fairlead', set: 'ports' };
  return { kind: 'element', ...place, key: ['tcp', port], value: [to, '80'] };
};

describe('changes that are only checked', () => {
  afterEach(leaveNothing);

  test('are judged by the kernel and not made, in a table that is ours alone', async () => {
    const recorder = new Recorder();
    using kernel = new Kernel(recorder);
    await kernel.apply([
      add({ kind: 'namespace', namespace: home }),
      add({ kind: 'table', namespace: home, definition: table }),
      add(element('8080')),
    ]);
    const state = () => kernel.observe(home, ['table', 'element']);
    const before = state();
    const operations = recorder.operations().length;
    kernel.check(home, [
      add(element('8081')),
      add(element('8082-8090')),
      { action: 'remove', object: element('8081') },
    ]);
    kernel.check(home, []);
    assert.throws(() => kernel.check(home, [add(element('8081')), add(element('8080', '10.0.0.3'))]), /EEXIST/);
    assert.throws(() => kernel.check(home, [{ action: 'remove', object: element('9') }]), /ENOENT/);
    assert.deepEqual(state(), before);
    assert.equal(recorder.operations().length, operations, 'what was not done is not in the log');
    await kernel.apply([add(element('8081'))]);
    assert.equal(state().length, before.length + 1);
  });
});

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { parseInterfaceAddress, parseIpAddress, parseMacAddress } from '@fairlead/base';
import { segmentsTable } from '@fairlead/firewall';
import { testNames } from '@fairlead/kernel/testing';
import { hasErrno, type KernelObject } from '@fairlead/netlink';
import { diff } from '../kernel/diff.ts';
import { endpointFragment, networkFragment } from '../kernel/fragment.ts';
import { removeHost } from '../testing/kernel-inside.ts';
import { KernelLab } from '../testing/kernel-lab.ts';
import { endpoint, network } from '../testing/samples.ts';
import { kernelCapacity, segmentWithRoom, withSegment } from './segments.ts';

/** Networks of more than one bridge, with packets really sent across them. */

const NAMES = testNames('segments');
const HOST = `${NAMES}host`;
const PREFIX = `${NAMES}box-`;
const clean = () => removeHost(HOST, PREFIX);
clean();
afterEach(clean);

/** Containers a, b and c are each on a bridge of their own. */
async function labOf(options: Readonly<Record<string, string>>): Promise<KernelLab> {
  const lab = new KernelLab(HOST, PREFIX, { ports: 3, segments: 2 });
  await lab.start();
  const config = [{ subnet: '10.9.6.0/24' }, { subnet: 'fd00:6::/64' }];
  await lab.controller.createNetwork({ name: 'app', ipv6: true, options, ipam: { config } });
  for (const [index, name] of ['a', 'b', 'b2', 'c'].entries()) {
    await lab.join(name, 'app', { ipv4Address: `10.9.6.${10 + index}`, ipv6Address: `fd00:6::${10 + index}` });
  }
  return lab;
}

const [b, c] = [
  ['10.9.6.11', 'fd00:6::11'],
  ['10.9.6.13', 'fd00:6::13'],
];
const gateway = ['10.9.6.1', 'fd00:6::1'];
const neighbor = parseIpAddress('10.0.0.3');

test('several bridges are one network: neighbours, gateway, held addresses; a comparison finds nothing to do', async () => {
  using lab = await labOf({ 'com.fairlead.antispoof': 'true' });
  const segments = new Set(
    lab.controller.endpointsOn(lab.controller.findNetwork('app').id).map(({ segment }) => segment),
  );
  assert.deepEqual([...segments], [undefined, 1, 2]);
  for (const address of [...b, ...c, ...gateway]) assert.ok(lab.reaches('a', address), address);
  for (const address of [...c, ...gateway]) assert.ok(lab.reaches('b', address), address);
  for (const address of [...b, ...c]) assert.ok(lab.reaches('', address), address);
  assert.deepEqual(await lab.controller.repair(), []);
  lab.run('c', 'ip', 'address', 'add', '10.9.6.99/24', 'dev', 'eth0');
  assert.ok(!lab.reaches('a', '10.9.6.99', 1), 'held on a further bridge as on the first');
});

test('a container on a further bridge gets out under the host’s address, also where br_netfilter shows it to the host', async () => {
  using lab = await labOf({});
  // Where there is no such setting nothing is shown.
  lab.run('', 'sysctl', '-eqw', 'net.bridge.bridge-nf-call-iptables=1');
  const out = `${PREFIX}out`;
  const [inner, outer] = ['198.51.100.2/24', '198.51.100.1/24'].map((text) => parseInterfaceAddress(text));
  assert.ok(inner && outer);
  const wire: KernelObject[] = [
    { kind: 'namespace', namespace: out },
    {
      kind: 'link',
      namespace: '',
      name: 'wan',
      type: { kind: 'veth', peer: { namespace: out, name: 'eth0' } },
      up: true,
    },
    { kind: 'link', namespace: out, name: 'eth0', type: { kind: 'veth' }, up: true },
    { kind: 'address', namespace: '', link: 'wan', address: outer },
    { kind: 'address', namespace: out, link: 'eth0', address: inner },
  ];
  await lab.kernel.apply(wire.map((object) => ({ action: 'add', object })));
  for (const from of ['a', 'b', 'c']) assert.ok(lab.reaches(from, '198.51.100.2', 3), from);
});

test('containers that are kept from each other reach their gateway and nobody else, until they may, on whatever bridges they are', async () => {
  using lab = await labOf({ 'com.docker.network.bridge.enable_icc': 'false' });
  for (const from of ['a', 'b', 'c']) for (const address of gateway) assert.ok(lab.reaches(from, address), from);
  // Who asks for a neighbour asks once, and waits.
  for (const from of ['a', 'b', 'b2']) lab.run(from, 'sysctl', '-qw', 'net.ipv4.neigh.eth0.retrans_time_ms=60000');
  const [first, second] = [b[0] ?? '', c[0] ?? ''];
  const pairs = [
    ['a', first],
    ['b', second],
    ['b2', first],
  ] as const;
  for (const [from, address] of pairs) assert.ok(!lab.reaches(from, address, 1), `${from} to ${address}`);
  await lab.controller.updateNetwork('app', { options: { 'com.docker.network.bridge.enable_icc': 'true' } });
  for (const [from, address] of pairs) assert.ok(lab.reaches(from, address), `${from} to ${address}, who are told of`);
});

test('the first bridge takes all that it is said to, the kernel not one more, and who is on the next one is reached', async () => {
  const { ports } = kernelCapacity;
  using lab = new KernelLab(HOST, PREFIX);
  await lab.start();
  const spaces = ['near', 'far', 'crowd'].map(
    (name): KernelObject => ({ kind: 'namespace', namespace: `${PREFIX}${name}` }),
  );
  const add = (objects: readonly KernelObject[]) =>
    lab.kernel.apply(objects.map((object) => ({ action: 'add', object })));
  await add(spaces);
  await add([{ kind: 'table', namespace: '', definition: segmentsTable({ protected: false }) }]);
  let app = network();
  const present: ReturnType<typeof endpoint>[] = [];
  const last = ports - 1;
  for (let index = 0; index <= last; index++) {
    const segment = segmentWithRoom(app, present, { ports, segments: 1 });
    const grown = withSegment(app, segment);
    if (index === 0 || grown !== app) {
      await lab.kernel.apply(diff(networkFragment(grown), index === 0 ? [] : networkFragment(app)));
    }
    app = grown;
    const hex = index.toString(16).padStart(4, '0').replace(/^(..)/, '$1:');
    const item = endpoint({
      families: index === 0 || index === last ? '4' : '',
      ...(index === last && { ipv4: neighbor }),
      ...(segment > 0 && { segment }),
      mac: parseMacAddress(`02:01:00:00:${hex}`),
      hostMac: parseMacAddress(`02:02:00:00:${hex}`),
      interface: index === 0 || index === last ? 'eth0' : `eth${index}`,
      hostInterface: `veth${index}`,
    });
    present.push(item);
    const space = index === 0 ? 'near' : index === last ? 'far' : 'crowd';
    await lab.kernel.apply(diff(endpointFragment({ endpoint: item, network: app }, `${PREFIX}${space}`), []));
  }
  assert.equal(present.at(-1)?.segment, 1);
  assert.ok(lab.reaches('near', neighbor));
  const tooMany: KernelObject = {
    kind: 'link',
    namespace: '',
    name: 'more',
    type: { kind: 'veth', peer: { namespace: '', name: 'less' } },
    up: true,
    master: 'br-app',
  };
  await assert.rejects(
    add([tooMany]),
    (error) => hasErrno(error, 'EXFULL') || hasErrno((error as Error).cause, 'EXFULL'),
  );
});

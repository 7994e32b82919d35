import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type IpAddress, parsePortRange, silentLogger } from '@fairlead/base';
import { FakeKernel } from '@fairlead/kernel/testing';
import { type Change, describeChange } from '@fairlead/netlink';
import type { NetworkController } from '../controller.ts';
import type { ControllerContext } from '../controller-context.ts';
import type { PortBinding } from '../port/port-model.ts';
import { Rig } from '../testing/rig.ts';
import { type NetworkRehearsal, rehearseNetwork } from './rehearse.ts';

const published = (host: string): PortBinding => {
  const hostPorts = parsePortRange(host);
  return { protocol: 'tcp', containerPort: 80, ...(hostPorts && { hostPorts }) };
};

/** Operations, each on its own, on a machine with the networks `app` and `six` and with `web` on `app`. */
const operations: [name: string, work: (network: NetworkController) => Promise<unknown>][] = [
  ['network create', (network) => network.createNetwork({ name: 'new', ipv6: true })],
  ['network rm', (network) => network.removeNetwork('six')],
  [
    'network update',
    (network) => network.updateNetwork('app', { options: { 'com.docker.network.driver.mtu': '1400' } }),
  ],
  [
    'network update that holds containers to their own addresses',
    (network) => network.updateNetwork('app', { options: { 'com.fairlead.antispoof': 'true' } }),
  ],
  ['run', (network) => run(network, 'db', [published('8081'), published('')])],
  ['network connect', (network) => network.join(web(network), [request(network, 'six')])],
  [
    'network disconnect',
    async (network) => {
      const [endpoint] = network.endpointsIn(web(network));
      assert.ok(endpoint);
      await network.leave(endpoint);
    },
  ],
  ['port add', (network) => network.publish(web(network), [published('8080'), published('9090')])],
  ['port rm', (network) => network.publish(web(network), [])],
  ['stop', (network) => network.closeSandbox(web(network))],
  [
    'restart',
    async (network) => {
      await network.closeSandbox(web(network));
      await run(network, 'web', [published('8080')]);
    },
  ],
];

function request(network: NetworkController, name: string) {
  return { network: network.findNetwork(name), hostname: 'web', config: {} };
}

function web(network: NetworkController): string {
  const endpoint = network.endpointsOn(network.findNetwork('app').id).find(({ ownerName }) => ownerName === 'web');
  assert.ok(endpoint);
  return endpoint.sandbox;
}

async function run(network: NetworkController, name: string, ports: readonly PortBinding[]): Promise<void> {
  const dns = { servers: [], search: [], options: [] };
  const { id } = await network.openSandbox({ owner: `${name}-id`, ownerName: name, mode: 'own', ports, dns });
  await network.join(id, [request(network, 'app'), request(network, 'six')]);
}

async function machine(): Promise<Rig> {
  const rig = await Rig.started();
  await rig.controller.createNetwork({ name: 'app' });
  await rig.controller.createNetwork({ name: 'six', ipv6: true });
  const sandbox = await rig.sandbox('web', { ports: [published('8080')] });
  await rig.join(sandbox, rig.controller.findNetwork('app'));
  return rig;
}

/** A rehearsal on a fake stage, and what is done there. */
function rehearse(rig: Rig, more: Partial<ControllerContext> = {}): NetworkRehearsal & { readonly played: Change[] } {
  const stage = new FakeKernel();
  const played: Change[] = [];
  const { names, settings } = rig;
  const { store } = rig.state;
  const context = { store, kernel: rig.kernel, names, settings, logger: silentLogger, emit: () => {} };
  const rehearsal = rehearseNetwork(
    { ...context, ...more },
    {
      prepare: (changes) => stage.apply(changes),
      apply: async (changes) => {
        await stage.apply(changes);
        played.push(...changes);
      },
      forgetConnections: async () => {},
    },
  );
  return { ...rehearsal, played };
}

/** What is made up anew each time has one name. */
function words(changes: readonly Change[]): string[] {
  return changes.map((change) => describeChange(change).replaceAll(/veth\w+|br-\w+/g, (name) => name.slice(0, 2)));
}

describe('a rehearsal', () => {
  for (const [name, work] of operations) {
    test(`of ${name} does on the stage what the operation then does to the kernel, and nothing before that`, async () => {
      using rig = await machine();
      const before = rig.snapshot();
      using rehearsal = rehearse(rig);
      await work(rehearsal.network);
      assert.equal(rig.snapshot(), before);
      const made: Change[] = [];
      const apply = rig.kernel.apply.bind(rig.kernel);
      rig.kernel.apply = (changes) => {
        made.push(...changes);
        return apply(changes);
      };
      await work(rig.controller);
      assert.ok(made.length > 0);
      assert.deepEqual(words(rehearsal.played), words(made));
      rig.assertConsistent();
    });
  }

  test('fails as the operation would, for an overlapping subnet as for a port that somebody has', async () => {
    using rig = await machine();
    rig.names.occupy('tcp', '0.0.0.0' as IpAddress, 7000);
    const [{ subnet } = { subnet: '' }] = rig.controller.findNetwork('app').subnets;
    const refused: ((network: NetworkController) => Promise<unknown>)[] = [
      (network) => network.createNetwork({ name: 'app' }),
      (network) => network.createNetwork({ name: 'new', ipam: { config: [{ subnet }] } }),
      (network) => network.removeNetwork('app'),
      (network) => network.publish(web(network), [published('7000')]),
    ];
    for (const work of refused) {
      using rehearsal = rehearse(rig);
      const said = await work(rehearsal.network).then(
        () => assert.fail(),
        ({ message }: Error) => message,
      );
      const before = rig.snapshot();
      await assert.rejects(work(rig.controller), { message: said });
      assert.equal(rig.snapshot(), before);
    }
  });

  test('of a port that the kernel chooses tells the one that comes', async () => {
    using rig = await machine();
    using rehearsal = rehearse(rig);
    await run(rehearsal.network, 'db', [published('')]);
    await run(rig.controller, 'db', [published('')]);
    const ports = ({ network }: Pick<NetworkRehearsal, 'network'>) =>
      network.endpointsOn(network.findNetwork('six').id).flatMap(({ sandbox }) => network.boundPorts(sandbox));
    assert.deepEqual(ports(rehearsal), ports({ network: rig.controller }));
  });

  test('does not ask plugins', async () => {
    using rig = await machine();
    const asked = () => assert.fail('a plugin is asked');
    using rehearsal = rehearse(rig, { plugins: { plugins: asked, namespacePath: (name) => name } });
    const refusal = { code: 'not-implemented', message: /a dry run does not ask plugins/ };
    await assert.rejects(rehearsal.network.createNetwork({ name: 'new', driver: 'weave' }), refusal);
    await assert.rejects(rehearsal.network.createNetwork({ name: 'new', ipam: { driver: 'weave' } }), refusal);
  });

  test('does not ask LANs', async () => {
    using rig = await machine();
    const wanted = { ipam: { driver: 'dhcp' }, driver: 'macvlan', options: { parent: 'uplink' } };
    await rig.controller.createNetwork({ name: 'lan', ...wanted });
    using rehearsal = rehearse(rig, { lan: () => assert.fail('a LAN is asked') });
    await assert.rejects(rehearsal.network.join(web(rehearsal.network), [request(rehearsal.network, 'lan')]), {
      message: 'a dry run does not ask a LAN for addresses, which would give them',
    });
  });

  test('has a stand-in on the stage for what is not ours', async () => {
    using rig = await machine();
    using rehearsal = rehearse(rig);
    const options = { parent: 'uplink' };
    const ipam = { config: [{ subnet: '192.0.2.0/24', gateway: '192.0.2.254' }] };
    await rehearsal.network.createNetwork({ name: 'wire', driver: 'macvlan', options, ipam });
    await rehearsal.network.join(web(rehearsal.network), [request(rehearsal.network, 'wire')]);
    assert.ok(words(rehearsal.played).some((change) => change.startsWith('add link eth')));
  });
});

import assert from 'node:assert/strict';
import { parsePortPolicy } from '@fairlead/base';
import { withBandwidth } from '../endpoint/bandwidth.ts';
import type { NetworkRequest } from '../network/network-request.ts';
import type { PortBinding } from '../port/port-model.ts';
import { plainSettings, type Rig } from './rig.ts';
import { narrow } from './walk.ts';

/** One operation of the network model, and what has to be there before it. */
export interface Scenario {
  readonly name: string;
  /** What tears down goes on after a failure; what builds up takes itself back. */
  readonly kind: 'builds up' | 'tears down';
  readonly prepare: (rig: Rig) => Promise<void>;
  readonly act: (rig: Rig) => Promise<unknown>;
  /** What may have to be told after a crash. */
  readonly tells?: RegExp;
}

/** Networks whose bridges have one port for a container, and others behind it. */
export const scenarioSettings = { ...plainSettings, bridgeCapacity: narrow };

const web: PortBinding = { protocol: 'tcp', containerPort: 80, hostPorts: { first: 8080, last: 8080 } };
const other: PortBinding = { protocol: 'tcp', containerPort: 80, hostPorts: { first: 9090, last: 9090 } };
const anywhere: PortBinding = { protocol: 'udp', containerPort: 53 };

/** A network on a VLAN of the machine's interface, with a router for IPv4. */
const lan: NetworkRequest = {
  name: 'lan',
  driver: 'macvlan',
  ipv6: true,
  options: { parent: 'uplink.7' },
  ipam: { config: [{ subnet: '10.50.0.0/24', gateway: '10.50.0.1' }, { subnet: 'fd50::/64' }] },
};

const six: NetworkRequest = { name: 'six', ipv4: false, ipv6: true };

/** What is told of ports where the way out is no bridge. */
const passedOver = /^published ports passed over: the way out is no bridge/;

async function networks(rig: Rig): Promise<void> {
  await rig.controller.createNetwork({ name: 'plain' });
  await rig.controller.createNetwork({ name: 'dual', ipv6: true });
  await rig.controller.createNetwork(lan);
}

async function opened(rig: Rig): Promise<void> {
  await networks(rig);
  await rig.sandbox('web', { ports: [web, anywhere] });
}

async function joined(rig: Rig, names: readonly string[]): Promise<void> {
  await opened(rig);
  await join(rig, names);
}

async function join(rig: Rig, names: readonly string[]): Promise<void> {
  const requests = names.map((name) => ({ network: rig.controller.findNetwork(name), hostname: 'web', config: {} }));
  await rig.controller.join(sandboxOf(rig), requests);
}

async function leave(rig: Rig, name: string): Promise<void> {
  const network = rig.controller.findNetwork(name);
  const endpoint = rig.controller.endpointsIn(sandboxOf(rig)).find((item) => item.network === network.id);
  assert.ok(endpoint);
  await rig.controller.leave(endpoint);
}

/** The one that things happen to. */
function sandboxOf(rig: Rig): string {
  const sandbox = [...rig.state.sandboxes].find(({ owner }) => owner === 'web-id');
  assert.ok(sandbox);
  return sandbox.id;
}

/** Every operation that changes kernel, name service or store, also where gateway and ports have to move. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'create a network',
    kind: 'builds up',
    prepare: async () => {},
    act: (rig) => rig.controller.createNetwork({ name: 'dual', ipv6: true }),
  },
  {
    name: 'create a network on a VLAN',
    kind: 'builds up',
    prepare: async () => {},
    act: (rig) => rig.controller.createNetwork(lan),
  },
  {
    name: 'create a network that the host is on, too',
    kind: 'builds up',
    prepare: async () => {},
    act: (rig) => {
      const options = { ...lan.options, 'com.fairlead.host-access': 'true' };
      return rig.controller.createNetwork({ ...lan, options });
    },
  },
  {
    name: 'create a network of IPv6 alone',
    kind: 'builds up',
    prepare: async () => {},
    act: (rig) => rig.controller.createNetwork(six),
  },
  { name: 'open a sandbox', kind: 'builds up', prepare: networks, act: (rig) => rig.sandbox('web', { ports: [web] }) },
  { name: 'join two networks', kind: 'builds up', prepare: opened, act: (rig) => join(rig, ['plain', 'dual']) },
  {
    name: 'join a network whose bridge has no port left, and that holds its containers to their own addresses',
    kind: 'builds up',
    prepare: async (rig) => {
      await opened(rig);
      await rig.controller.updateNetwork('dual', { options: { 'com.fairlead.antispoof': 'true' } });
      await rig.join(await rig.sandbox('first', {}), rig.controller.findNetwork('dual'));
    },
    act: (rig) => join(rig, ['dual']),
  },
  {
    name: 'join a network of IPv6 alone, with ports',
    kind: 'builds up',
    prepare: async (rig) => {
      await opened(rig);
      await rig.controller.createNetwork(six);
    },
    act: (rig) => join(rig, ['six']),
  },
  {
    name: 'join a network to which the gateway moves',
    kind: 'builds up',
    prepare: (rig) => joined(rig, ['plain']),
    act: (rig) => join(rig, ['dual']),
  },
  {
    name: 'join a network on a parent, to which the gateway moves from the ports',
    kind: 'builds up',
    tells: passedOver,
    prepare: (rig) => joined(rig, ['plain']),
    act: (rig) => join(rig, ['lan']),
  },
  {
    name: 'publish other ports',
    kind: 'builds up',
    prepare: (rig) => joined(rig, ['dual']),
    act: (rig) => rig.controller.publish(sandboxOf(rig), [other]),
  },
  {
    name: 'publish ports for some askers only',
    kind: 'builds up',
    prepare: (rig) => joined(rig, ['dual']),
    act: (rig) => {
      const policy = parsePortPolicy('10.0.0.0/8,2001:db8::/32', 'eth0');
      return rig.controller.publish(sandboxOf(rig), [{ ...web, policy }, other]);
    },
  },
  {
    name: 'limit what a container sends and receives',
    kind: 'builds up',
    prepare: (rig) => joined(rig, ['dual']),
    act: async (rig) => {
      const [endpoint] = rig.controller.endpointsIn(sandboxOf(rig));
      assert.ok(endpoint);
      await rig.controller.configure(endpoint, { driverOptions: withBandwidth({}, { in: '10mbit', out: '1mbit' }) });
    },
  },
  {
    name: 'change a network that is in use',
    kind: 'builds up',
    prepare: (rig) => joined(rig, ['plain']),
    act: (rig) =>
      rig.controller.updateNetwork('plain', {
        options: {
          'com.docker.network.driver.mtu': '1400',
          'com.docker.network.bridge.host_binding_ipv4': '127.0.0.1',
          'com.docker.network.bridge.enable_icc': 'false',
        },
        subnets: [{ subnet: 'fd00:77::/64' }],
      }),
  },
  {
    name: 'rename a container',
    kind: 'builds up',
    prepare: (rig) => joined(rig, ['plain', 'dual']),
    act: (rig) => rig.controller.renameSandbox(sandboxOf(rig), 'new'),
  },
  {
    name: 'write a name for a network that is in use',
    kind: 'builds up',
    prepare: (rig) => joined(rig, ['plain']),
    act: (rig) => rig.controller.changeRecords('plain', { add: ['db A 192.0.2.9'], remove: [] }),
  },
  {
    name: 'leave a network that the ports have to move from',
    kind: 'tears down',
    prepare: (rig) => joined(rig, ['plain', 'dual']),
    act: (rig) => leave(rig, 'dual'),
  },
  {
    name: 'leave a network on a parent, and have the ports back',
    kind: 'tears down',
    tells: passedOver,
    prepare: (rig) => joined(rig, ['plain', 'lan']),
    act: (rig) => leave(rig, 'lan'),
  },
  {
    name: 'leave the last network',
    kind: 'tears down',
    prepare: (rig) => joined(rig, ['dual']),
    act: (rig) => leave(rig, 'dual'),
  },
  {
    name: 'close a sandbox',
    kind: 'tears down',
    prepare: (rig) => joined(rig, ['plain', 'dual', 'lan']),
    act: (rig) => rig.controller.closeSandbox(sandboxOf(rig)),
  },
  {
    name: 'remove a network',
    kind: 'tears down',
    prepare: networks,
    act: (rig) => rig.controller.removeNetwork('dual'),
  },
  {
    name: 'remove a network with its VLAN',
    kind: 'tears down',
    prepare: networks,
    act: (rig) => rig.controller.removeNetwork('lan'),
  },
];

/** A port that another container has: taking the change back may be interrupted too. */
export const refusal: Scenario = {
  name: 'be refused a port',
  kind: 'builds up',
  tells: /^published ports not restored: .*port is already allocated$/,
  prepare: async (rig) => {
    await opened(rig);
    const [network] = rig.controller.networks().filter(({ name }) => name === 'plain');
    assert.ok(network);
    await rig.join(await rig.sandbox('first', { ports: [other] }), network);
    await join(rig, ['plain']);
  },
  act: async (rig) => {
    await assert.rejects(rig.controller.publish(sandboxOf(rig), [other]), /port is already allocated$/);
    await rig.controller.closeSandbox(sandboxOf(rig));
  },
};

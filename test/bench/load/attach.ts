import { setTimeout as sleep } from 'node:timers/promises';
import { parseInterfaceAddress, parseIpAddress, parseMacAddress } from '@fairlead/base';
import { bridgeEndpointObjects, bridgeNetworkObjects, defaultRoutes } from '@fairlead/drivers';
import { hostTable, networkElements, portMappingElements } from '@fairlead/firewall';
import { Kernel } from '@fairlead/kernel';
import type { KernelObject } from '@fairlead/netlink';
import { diff, removals } from '@fairlead/network';
import { AttachCni } from './attach-cni.ts';
import { AttachFloor } from './attach-floor.ts';

/**
 * Attaches an endpoint with one published port to a bridge and detaches it, in the host that it is started in, by each
 * contender in turn: `attach.ts ROUNDS FOLDER [BRIDGE-PLUGIN PORTMAP-PLUGIN]`. Writes the milliseconds of every round
 * as JSON: `{ attach: { floor: [], fairlead: [], cni: [] }, detach: … }`.
 */
const [rounds, folder, bridgePlugin, portmapPlugin] = process.argv.slice(2);
// Whoever runs all files of a folder must not have a bridge and a firewall made on the machine itself.
if (rounds === undefined || folder === undefined) throw new Error('attach.ts ROUNDS FOLDER: only in a host of its own');
const namespace = 'bench';
const bridge = 'fl0';
// Nobody owns the table, for two processes change it.
const table = hostTable({ protected: false });

const network: KernelObject[] = [
  { kind: 'table', namespace: '', definition: table },
  ...bridgeNetworkObjects({
    id: 'network',
    bridge,
    mac: parseMacAddress('02:42:ac:1e:00:01'),
    mtu: 1500,
    gateways: [parseInterfaceAddress('172.30.0.1/16')],
    ipv6: false,
    forwards: true,
    adopted: false,
  }),
  ...networkElements({ bridge, internal: false, masquerade: { ipv4: true } }),
];

const endpoint: KernelObject[] = [
  ...bridgeEndpointObjects({
    id: 'endpoint',
    namespace,
    hostInterface: 'veth0',
    hostMac: parseMacAddress('02:42:ac:1e:01:02'),
    interface: 'eth0',
    mac: parseMacAddress('02:42:ac:1e:00:02'),
    mtu: 1500,
    bridge,
    addresses: [parseInterfaceAddress('172.30.0.2/16')],
  }),
  ...defaultRoutes(namespace, { ipv4: { link: 'eth0', via: parseIpAddress('172.30.0.1') } }),
  ...portMappingElements({
    protocol: 'tcp',
    hostAddress: parseIpAddress('0.0.0.0'),
    hostPorts: { first: 8080, last: 8080 },
    containerAddress: parseIpAddress('172.30.0.2'),
    containerPorts: { first: 80, last: 80 },
  }),
];

using kernel = new Kernel();
await kernel.apply(diff(network, []));
const bridgeIndex = kernel.links('').find(({ name }) => name === bridge)?.index ?? 0;
using floor = new AttachFloor(table, bridgeIndex);
const cni = bridgePlugin && portmapPlugin ? new AttachCni(bridgePlugin, portmapPlugin, folder) : undefined;
const additions = diff(endpoint, []);
const attach: Record<string, number[]> = {};
const detach: Record<string, number[]> = {};

async function byFairlead(): Promise<{ attach: number; detach: number }> {
  const start = performance.now();
  await kernel.apply(additions);
  const attached = performance.now();
  await kernel.apply(removals(endpoint));
  return { attach: attached - start, detach: performance.now() - attached };
}

const contenders = {
  floor: () =>
    floor.measure(
      additions.map(({ object }) => object),
      namespace,
    ),
  fairlead: byFairlead,
  ...(cni && { cni: async () => cni.measure(namespace) }),
};

for (let round = -3; round < Number(rounds); round++) {
  for (const [name, measure] of Object.entries(contenders)) {
    // Made by the kernel object, so that its socket is open already: a sandbox is older than its endpoints.
    await kernel.apply([{ action: 'add', object: { kind: 'namespace', namespace } }]);
    const took = await measure();
    await kernel.apply([{ action: 'remove', object: { kind: 'namespace', namespace } }]);
    // The kernel takes a namespace apart in the background, and waits for RCU there as links that are removed do.
    await sleep(100);
    if (round < 0) continue;
    attach[name] = [...(attach[name] ?? []), took.attach];
    detach[name] = [...(detach[name] ?? []), took.detach];
  }
}
process.stdout.write(JSON.stringify({ attach, detach }));

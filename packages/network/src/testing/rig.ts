import assert from 'node:assert/strict';
import { hostText, parseInterfaceAddress, parsePrefix } from '@fairlead/base';
import { hostTables } from '@fairlead/firewall';
import { localSubnetSources, uniqueLocalSource } from '@fairlead/ipam';
import { FakeKernel } from '@fairlead/kernel/testing';
import { identityOf, type KernelObject, satisfies } from '@fairlead/netlink';
import { isSharedTable } from '../kernel/observation.ts';
import { hasNames } from '../name/dns-names.ts';
import type { ResolverPorts } from '../name-service-port.ts';
import { boundPorts } from '../port/bound-ports.ts';
import { askerFragment } from '../service/asker-fragment.ts';
import type { BalancedService } from '../service/service-model.ts';
import { serviceNames } from '../service/service-names.ts';
import { portOwner, portReservations } from '../service/service-ports.ts';
import type { NetworkSettings } from '../settings.ts';
import { hostAddressElements } from '../watch/host-addresses.ts';
import { Life } from './life.ts';
import { Machine } from './machine.ts';

const tables = hostTables({ protected: false });

/** The settings of a machine with docker0 and nothing special. */
export const plainSettings: NetworkSettings = {
  sources: [...localSubnetSources, uniqueLocalSource('engine')],
  mtu: 1500,
  namespacePrefix: 'fl-',
  defaultBridge: { bridge: 'docker0', ipv6: false, masquerade: true, config: [] },
  hostTables: tables,
  ingress: true,
  hostResolvConf: () => 'nameserver 192.0.2.53\n',
};

/** What a machine has before Fairlead comes: an interface with an address and a way out. */
const machine: readonly KernelObject[] = [
  { kind: 'link', namespace: '', name: 'uplink', type: { kind: 'dummy' }, up: true },
  { kind: 'address', namespace: '', link: 'uplink', address: parseInterfaceAddress('192.0.2.1/24') },
  { kind: 'route', namespace: '', destination: parsePrefix('0.0.0.0/0'), link: 'uplink' },
];

/** A machine in memory on which engines come and go: its kernel and name service stay, and the store's file. */
export class Rig extends Machine<FakeKernel> {
  /** A machine on which an engine has started. */
  static async started(settings: NetworkSettings = plainSettings): Promise<Rig> {
    const rig = new Rig(new FakeKernel(), settings);
    await rig.kernel.apply(machine.map((object) => ({ action: 'add', object })));
    await rig.boot(new Life());
    return rig;
  }

  /** Everything in the kernel and the name service as text, for comparison. */
  snapshot(): string {
    const spaces = ['', ...this.kernel.namespaces()].map((name) => `netns ${name}\n${this.kernel.dump(name)}`);
    const settingsKept = spaces
      .join('\n')
      .replaceAll(/^sysctl .*(ip_forward|all\.forwarding|disable_ipv6|accept_ra|route_localnet).*\n?/gm, '')
      // As long as it has no network of IPv6, a container has nothing there but itself.
      .replaceAll(/^nsenter \S+ sysctl .*conf\.lo\.disable_ipv6.*\n?/gm, '')
      // Shared tables wait for the next look; what is in their sets does not.
      .replaceAll(/\n?^table \S+ (\S+) \{\n(?:\t.*\n|\n)*\}\n?/gm, (text, name) => (isSharedTable(name) ? '' : text));
    return JSON.stringify(
      {
        kernel: settingsKept.split('\n'),
        sandboxes: [...this.names.sandboxes.keys()].sort(),
        endpoints: [...this.names.endpoints.values()].map((endpoint) => JSON.stringify(endpoint)).sort(),
        networks: [...this.names.networks].sort(),
        ports: this.names.heldPorts,
        stored: this.stored(),
      },
      undefined,
      1,
    );
  }

  /** What is in the store. */
  stored(): unknown {
    const { networks, sandboxes, store } = this.state;
    const sorted = (items: Iterable<{ readonly id: string }>) => [...items].sort((a, b) => (a.id < b.id ? -1 : 1));
    return [networks, sandboxes, store.collection('endpoint'), store.collection('lease')].map(sorted);
  }

  /** Kernel and name service hold exactly what the store says. */
  assertConsistent(): void {
    this.#assertKernel();
    this.#assertNames();
    this.#assertLeases();
    for (const { unsettled, mappings } of this.state.sandboxes) {
      if (unsettled !== true) continue;
      assert.deepEqual(mappings, [], 'a sandbox that lost its ports has none');
      assert.match(this.logged.join('\n'), /published ports/, 'and somebody was told');
    }
  }

  #assertKernel(): void {
    const { state } = this;
    const asked = [...state.sandboxes].flatMap((sandbox) => askerFragment(state, sandbox));
    const own = tables.map((definition): KernelObject => ({ kind: 'table', namespace: '', definition }));
    const known = hostAddressElements(state.networks, this.kernel.observe('', ['link', 'address']));
    const desired = [...own, ...known, ...state.desired(), ...asked];
    const wanted = new Map(desired.map((object) => [identityOf(object), object]));
    const observed = [
      ...this.kernel.namespaces().map((namespace): KernelObject => ({ kind: 'namespace', namespace })),
      ...['', ...this.kernel.namespaces()].flatMap((namespace) => this.kernel.observe(namespace)),
    ];
    const present = new Map(observed.map((object) => [identityOf(object), object]));
    const missing = desired.filter((object) => !this.#holds(object, present.get(identityOf(object))));
    const surplus = observed.filter((object) => !wanted.has(identityOf(object)) && !isGiven(object));
    assert.deepEqual({ missing, surplus }, { missing: [], surplus: [] });
  }

  #holds(object: KernelObject, observed: KernelObject | undefined): boolean {
    if (object.kind === 'sysctl') return this.kernel.readSysctl(object.namespace, object.key) === object.value;
    return observed !== undefined && satisfies(observed, object);
  }

  #assertNames(): void {
    const { state, names } = this;
    const text = (id: string, { udpPort, ipv6 }: ResolverPorts) => `${id} ${udpPort} ${ipv6?.udpPort}`;
    const served = [...state.sandboxes].flatMap(({ id, resolver }) => (resolver ? [text(id, resolver)] : []));
    assert.deepEqual([...names.sandboxes.values()].map((ports) => text(ports.id, ports)).sort(), served.sort());
    const named = [...state.networks].filter(hasNames);
    assert.deepEqual([...names.networks].sort(), named.map(({ id, name }) => [id, name]).sort());
    const endpoints = named.flatMap(({ id }) => state.endpoints.onNetwork(id));
    const told = [...names.endpoints.values()].map(
      ({ id, containerName, addresses }) => `${id} ${containerName} ${addresses}`,
    );
    const known = endpoints.map(
      ({ id, ownerName, ipv4, ipv6 }) => `${id} ${ownerName} ${[ipv4, ipv6].filter(Boolean)}`,
    );
    const ofServices = [...state.services]
      .flatMap((service) => serviceNames(state, service))
      .map(({ id, containerName, addresses }) => `${id} ${containerName} ${addresses}`);
    assert.deepEqual(told.sort(), [...known, ...ofServices].sort());
    const held = [...state.sandboxes].flatMap(({ id, mappings }) =>
      boundPorts(mappings).map(({ protocol, hostAddress, hostPort }) => {
        const host = hostAddress.includes(':') ? `[${hostAddress}]` : hostAddress;
        return `${id} ${protocol} ${host}:${hostPort}`;
      }),
    );
    assert.deepEqual(names.heldPorts, [...held, ...[...state.services].flatMap(portsOfService)].sort());
  }

  #assertLeases(): void {
    const { state } = this;
    const leases = [...state.store.collection<{ id: string; network: string; ipv4?: string; ipv6?: string }>('lease')];
    const taken = leases.flatMap(({ network, ipv4, ipv6 }) =>
      [ipv4, ipv6].filter(Boolean).map((ip) => `${network} ${ip}`),
    );
    assert.equal(new Set(taken).size, taken.length, 'an address is leased once');
    for (const { network } of leases) assert.ok(state.networks.get(network), 'leases go with their network');
    for (const { id } of state.networks) {
      for (const { owner, mac } of state.endpoints.onNetwork(id)) if (mac) assert.ok(state.addresses.find(id, owner));
    }
  }
}

function portsOfService({ id, ports }: BalancedService): string[] {
  return portReservations(ports).flatMap(({ protocol, addresses, ports: range }) =>
    addresses.map((address) => `${portOwner(id)} ${protocol} ${hostText(address)}:${range?.first}`),
  );
}

/** What the machine had before, what the kernel makes by itself, and shared tables, which wait for the next look. */
function isGiven(object: KernelObject): boolean {
  if (object.kind === 'table') return isSharedTable(object.definition.name);
  if (object.kind === 'link') return object.name === 'lo' || object.name === 'uplink';
  if (object.kind === 'route') return object.protocol === 2 || object.link === 'uplink';
  return object.kind === 'address' && (object.link === 'lo' || object.link === 'uplink');
}

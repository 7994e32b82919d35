import { networkInterfaces } from 'node:os';
import { prefixContains, tryParseIpAddress } from '@fairlead/base';
import { type ContainerTable, type Engine, type EngineContext, inventName, type SystemInfo } from '@fairlead/engine';
import type { Kernel } from '@fairlead/kernel';
import { type HostAddress, type NodeDescription, Swarm } from '@fairlead/swarm';
import { VERSION } from '../version.ts';
import { SwarmNetworks } from './service-networks.ts';
import { TaskContainers } from './task-containers.ts';
import { TaskFiles } from './task-files.ts';

/** What a swarm shares with the rest of the daemon. */
export interface SwarmParts {
  readonly kernel: Kernel;
  readonly table: ContainerTable;
  readonly context: EngineContext;
  readonly engine: () => Engine;
  /** See `DaemonOptions.swarmAddress`. */
  readonly defaultAddress: string;
}

/** The swarm of this daemon. */
export function swarmService({ kernel, table, context, engine, defaultAddress }: SwarmParts): Swarm {
  const { store, events, network, logger } = context;
  const networks = new SwarmNetworks(network, engine);
  return new Swarm({
    networks,
    runtime: new TaskContainers(engine, table, new TaskFiles(context), networks),
    logger,
    inventName,
    defaultAddress,
    store,
    addresses: () => hostAddresses(kernel, engine()),
    describe: async () => describeNode(await engine().info(), engine()),
    emit: (event) => events.emit(event),
  });
}

/** Addresses of this machine's interfaces that are up. */
function hostAddresses(kernel: Kernel, engine: Engine): readonly HostAddress[] {
  const kinds = new Map(kernel.links('').map(({ name, kind }) => [name, kind]));
  const managed = engine.networks.list().flatMap(({ subnets }) => subnets.map(({ subnet }) => subnet));
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.map(({ address, internal }) => {
      const parsed = tryParseIpAddress(address);
      return {
        ...{ interface: name, address, isLoopback: internal },
        isVirtual: kinds.get(name) !== undefined,
        isManaged: parsed !== undefined && managed.some((subnet) => prefixContains(subnet, parsed)),
      };
    }),
  );
}

/** What this machine says of itself as a node (moby, daemon/cluster/executor/container/executor.go). */
function describeNode(info: SystemInfo, engine: Engine): NodeDescription {
  const plugins = [
    ...['fluentd', 'gelf', 'journald', 'json-file', 'local', 'syslog'].map((name) => ({ type: 'Log', name })),
    ...['bridge', 'host', 'ipvlan', 'macvlan', 'null', 'overlay', ...engine.runningPlugins('networkdriver')].map(
      (name) => ({ type: 'Network', name }),
    ),
    ...new Set([...engine.volumes.drivers(), ...engine.runningPlugins('volumedriver')])
      .values()
      .map((name) => ({ type: 'Volume', name })),
  ];
  const labels = info.labels.map((label) => /^([^=]*)=(.*)$/s.exec(label)).filter((match) => match !== null);
  return {
    hostname: info.name,
    architecture: { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch,
    os: 'linux',
    nanoCpus: info.cpus * 1_000_000_000,
    memory: info.memory,
    engineVersion: VERSION,
    engineLabels: Object.fromEntries(labels.map(([, key = '', value = '']) => [key, value])),
    plugins,
  };
}

import type { ContainerConfig, TaskOrder } from '@fairlead/engine';
import { maximumVersion } from '../../http/api-version.ts';
import { parseCreate } from '../container-create.ts';
import { taskSpec } from './task-spec.ts';

/** What labels begin with that belong to the swarm. */
const PREFIX = 'com.docker.swarm';

/** A file of the host that a task finds in its container. */
export interface BoundFile {
  readonly source: string;
  readonly target: string;
}

/**
 * The container that a task asks for, by way of what a client would send who asked for it (moby,
 * daemon/cluster/executor/container/container.go).
 *
 * @throws FairleadError in dockerd's words for what a container cannot be.
 */
export function taskContainer(
  order: TaskOrder,
  files: readonly BoundFile[],
): ContainerConfig & { readonly name: string } {
  const { name, spec } = order;
  const wire = (taskSpec.show(spec) as { readonly ContainerSpec?: WireContainer }).ContainerSpec ?? {};
  const ports = hostPorts(order);
  const { containerSpec: container = {} } = spec;
  const body = {
    Image: container.image ?? '',
    Labels: labelsOf(order),
    ...(container.command && { Entrypoint: container.command }),
    ...(container.args && { Cmd: container.args }),
    Hostname: container.hostname ?? '',
    Env: container.env ?? [],
    WorkingDir: container.dir ?? '',
    User: container.user ?? '',
    StopSignal: container.stopSignal ?? '',
    StopTimeout: Math.ceil((container.stopGracePeriod ?? 10e9) / 1e9),
    Tty: container.tty ?? false,
    OpenStdin: container.openStdin ?? false,
    ...(wire.Healthcheck && { Healthcheck: wire.Healthcheck }),
    ExposedPorts: Object.fromEntries(Object.keys(ports).map((port) => [port, {}])),
    HostConfig: hostConfig(order, wire, files, ports),
    NetworkingConfig: { EndpointsConfig: endpoints(order) },
  };
  return { name, ...parseCreate(body, maximumVersion), isTask: true };
}

interface WireContainer {
  readonly Healthcheck?: Readonly<Record<string, string>>;
  readonly Mounts?: readonly Readonly<Record<string, string>>[];
}

function labelsOf({ task, service, spec, name }: TaskOrder): Record<string, string> {
  return {
    ...spec.containerSpec?.labels,
    [`${PREFIX}.task`]: '',
    [`${PREFIX}.task.id`]: task.id,
    [`${PREFIX}.task.name`]: name,
    [`${PREFIX}.node.id`]: task.nodeId ?? '',
    [`${PREFIX}.service.id`]: service.id,
    [`${PREFIX}.service.name`]: service.spec.name,
  };
}

function hostConfig(
  { spec, networks }: TaskOrder,
  wire: WireContainer,
  files: readonly BoundFile[],
  ports: Record<string, { readonly HostPort: string }[]>,
) {
  const { containerSpec: container = {}, resources: { limits = {} } = {}, logDriver } = spec;
  const bound = files.map(({ source, target }) => ({ Type: 'bind', Source: source, Target: target, ReadOnly: true }));
  return {
    Mounts: [...(wire.Mounts ?? []), ...bound],
    ReadonlyRootfs: container.readOnly ?? false,
    ...(container.init !== undefined && { Init: container.init }),
    GroupAdd: [...(container.groups ?? [])],
    CapAdd: [...(container.capabilityAdd ?? [])],
    CapDrop: [...(container.capabilityDrop ?? [])],
    Sysctls: { ...container.sysctls },
    SecurityOpt: container.privileges?.selinuxContext?.disable ? ['label=disable'] : [],
    Ulimits: (container.ulimits ?? []).map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    Dns: [...(container.dnsConfig?.nameservers ?? [])],
    DnsSearch: [...(container.dnsConfig?.search ?? [])],
    DnsOptions: [...(container.dnsConfig?.options ?? [])],
    ExtraHosts: extraHosts(container.hosts ?? []),
    PortBindings: ports,
    ...(networks[0] !== undefined && { NetworkMode: networks[0].id }),
    ...(limits.memoryBytes !== undefined && { Memory: limits.memoryBytes }),
    ...(limits.nanoCpus !== undefined && { NanoCpus: limits.nanoCpus }),
    ...(limits.pids !== undefined && { PidsLimit: limits.pids }),
    ...(container.oomScoreAdj !== undefined && { OomScoreAdj: container.oomScoreAdj }),
    ...(logDriver !== undefined && { LogConfig: { Type: logDriver.name ?? '', Config: { ...logDriver.options } } }),
  };
}

/** `ADDRESS NAME` as services have it; aliases are left out, as by dockerd. */
function extraHosts(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const [address, name] = line.trim().split(/\s+/);
    return name === undefined ? [] : [`${name}:${address}`];
  });
}

/** Ports of the host that are the task's own. */
function hostPorts({ service }: TaskOrder): Record<string, { readonly HostPort: string }[]> {
  const own = service.ports.filter(({ publishMode }) => publishMode === 'host');
  return Object.fromEntries(
    own.map(({ targetPort = 0, publishedPort = 0, protocol = 'tcp' }) => [
      `${targetPort}/${protocol}`,
      [{ HostPort: publishedPort === 0 ? '' : String(publishedPort) }],
    ]),
  );
}

function endpoints({ networks }: TaskOrder) {
  return Object.fromEntries(
    networks.map(({ id, aliases, driverOptions }) => [id, { Aliases: [...aliases], DriverOpts: { ...driverOptions } }]),
  );
}

import { formatPortRange, hostText, parsePortSpec, splitPolicy } from '@fairlead/base';
import { type Options, splitAssignment } from '../command/options.ts';
import { badValue, refusal } from '../command/refusal.ts';
import { extraHost } from './extra-host.ts';
import { healthCheck } from './health-check.ts';
import { capability, deviceRule, nameServer, parseDevice, sysctl } from './list-values.ts';
import { parseMount, splitVolumes } from './mount-option.ts';
import { namespaceModes } from './namespace-modes.ts';
import { memoryHabits, resourceLimits } from './resource-limits.ts';
import { securityOptions } from './security-options.ts';
import { readLines } from './text-file.ts';

/** What `POST /containers/create` takes, as far as the command fills it. */
export interface CreateRequest {
  readonly [key: string]: unknown;
  readonly Image: string;
  readonly HostConfig: Readonly<Record<string, unknown>>;
  readonly NetworkingConfig: { readonly EndpointsConfig: Readonly<Record<string, EndpointSettings>> };
}

/** What a container asks for on one network. */
export interface EndpointSettings {
  readonly IPAMConfig?: {
    readonly IPv4Address?: string;
    readonly IPv6Address?: string;
    readonly LinkLocalIPs?: readonly string[];
  };
  readonly Aliases?: readonly string[];
  readonly Links?: readonly string[];
  readonly MacAddress?: string;
  readonly DriverOpts?: Readonly<Record<string, string>>;
  readonly GwPriority?: number;
}

/**
 * The request that the options of `run` and `create` ask for.
 *
 * @throws FairleadError `invalid-argument` in docker's words for a malformed option.
 */
export function createRequest(image: string, command: readonly string[], options: Options): CreateRequest {
  const attached = attachedStreams(options);
  const interactive = options.flag('interactive');
  const entrypoint = options.text('entrypoint');
  const ports = options.list('publish').flatMap(portBindings);
  const networks = networkSettings(options);
  return {
    Image: image,
    Cmd: command.length === 0 ? null : command,
    Entrypoint: entrypoint === undefined ? null : [entrypoint],
    Hostname: options.text('hostname') ?? '',
    Domainname: options.text('domainname') ?? '',
    User: options.text('user') ?? '',
    WorkingDir: options.text('workdir') ?? '',
    Env: environment(options),
    Labels: Object.fromEntries(
      [...options.list('label-file').flatMap(readLines), ...options.list('label')].map(splitAssignment),
    ),
    Tty: options.flag('tty'),
    OpenStdin: interactive,
    StdinOnce: attached.includes('stdin'),
    AttachStdin: attached.includes('stdin'),
    AttachStdout: attached.includes('stdout'),
    AttachStderr: attached.includes('stderr'),
    ExposedPorts: Object.fromEntries(
      [...options.list('expose').flatMap(exposedPorts), ...ports.map(({ port }) => port)].map((port) => [port, {}]),
    ),
    Volumes: Object.fromEntries(splitVolumes(options.list('volume')).anonymous.map((path) => [path, {}])),
    StopSignal: options.text('stop-signal'),
    StopTimeout: options.integer('stop-timeout'),
    ...healthCheck(options),
    HostConfig: hostConfig(options, ports, networks.mode),
    NetworkingConfig: { EndpointsConfig: networks.endpoints },
  };
}

/** Streams that the command is attached to. */
export function attachedStreams(options: Options): readonly string[] {
  const named = options.list('attach').map((name) => name.toLowerCase());
  if (named.length > 0) return named;
  if (options.flag('detach')) return [];
  return options.flag('interactive') ? ['stdin', 'stdout', 'stderr'] : ['stdout', 'stderr'];
}

function hostConfig(options: Options, ports: readonly PublishedPort[], networkMode: string): Record<string, unknown> {
  return {
    NetworkMode: networkMode,
    PortBindings: Object.fromEntries(
      [...new Set(ports.map(({ port }) => port))].map((port) => [
        port,
        ports.filter((other) => other.port === port).map(({ binding }) => binding),
      ]),
    ),
    PublishAllPorts: options.flag('publish-all'),
    Binds: splitVolumes(options.list('volume')).binds,
    VolumesFrom: options.list('volumes-from'),
    VolumeDriver: options.text('volume-driver') ?? '',
    Mounts: options.list('mount').map(parseMount),
    Tmpfs: Object.fromEntries(options.list('tmpfs').map((text) => splitAt(text, ':'))),
    AutoRemove: options.flag('rm'),
    Privileged: options.flag('privileged'),
    ReadonlyRootfs: options.flag('read-only'),
    ...(options.flag('init') ? { Init: true } : {}),
    CapAdd: options.list('cap-add').map(capability),
    CapDrop: options.list('cap-drop').map(capability),
    ...securityOptions(options.list('security-opt')),
    GroupAdd: options.list('group-add'),
    Dns: options.list('dns').map((text) => nameServer(text)),
    DnsSearch: options.list('dns-search'),
    DnsOptions: options.list('dns-option'),
    ExtraHosts: options.list('add-host').map(extraHost),
    Links: options.list('link'),
    Sysctls: Object.fromEntries(options.list('sysctl').map(sysctl)),
    Devices: options.list('device').map(parseDevice),
    DeviceCgroupRules: options.list('device-cgroup-rule').map(deviceRule),
    ...namespaceModes(options),
    CgroupParent: options.text('cgroup-parent') ?? '',
    RestartPolicy: requestedRestart(options),
    LogConfig: { Type: options.text('log-driver') ?? '', Config: options.map('log-opt') },
    Annotations: options.map('annotation'),
    Runtime: options.text('runtime') ?? '',
    StorageOpt: options.map('storage-opt'),
    ...resourceLimits(options),
    ...memoryHabits(options),
  };
}

interface PublishedPort {
  /** `80/tcp`. */
  readonly port: string;
  readonly binding: {
    readonly HostIp: string;
    readonly HostPort: string;
    readonly Sources?: readonly string[];
    readonly Interfaces?: readonly string[];
  };
}

/** A range is one binding for each port, as docker sends it; a single port may ask for any of a range of host ports. */
function portBindings(text: string): PublishedPort[] {
  const { spec, policy } = splitPolicy(text);
  const { protocol, containerPorts, hostAddress, hostPorts } = parsePortSpec(spec);
  const askers = {
    ...(policy?.sources && { Sources: policy.sources }),
    ...(policy?.interfaces && { Interfaces: policy.interfaces }),
  };
  const count = containerPorts.last - containerPorts.first + 1;
  return Array.from({ length: count }, (_, index) => {
    const single = hostPorts === undefined ? '' : `${hostPorts.first + index}`;
    const host = count === 1 && hostPorts !== undefined ? formatPortRange(hostPorts) : single;
    const address = hostAddress === undefined ? '' : hostText(hostAddress).replace(/^\[|\]$/g, '');
    return {
      port: `${containerPorts.first + index}/${protocol}`,
      binding: { HostIp: address, HostPort: host, ...askers },
    };
  });
}

function exposedPorts(text: string): string[] {
  if (text.includes(':')) throw refusal(`invalid port format for --expose: ${text}`);
  return portBindings(text).map(({ port }) => port);
}

/** Variables that the options `--env-file` and `--env` set; a name alone hands on the own one. */
export function environment(options: Options): string[] {
  // A name alone hands on the caller's own variable; where there is none, it takes away what the image has.
  const own = options.list('env').map((text) => {
    if (text === '' || text.startsWith('=')) throw badValue(text, 'env', `invalid environment variable: ${text}`);
    return assigned(text) ?? text;
  });
  return [
    ...options.list('env-file').flatMap((path) => readLines(path).flatMap((line) => assigned(line) ?? [])),
    ...own,
  ];
}

/** `NAME=value`, with the own value for a name alone; `undefined` when there is none. */
export function assigned(text: string): string | undefined {
  if (text.includes('=')) return text;
  const value = process.env[text];
  return value === undefined ? undefined : `${text}=${value}`;
}

function networkSettings(options: Options): { mode: string; endpoints: Record<string, EndpointSettings> } {
  const parsed = options.list('network').map(parseNetwork);
  const [first = { name: 'default', settings: {} }, ...others] = parsed;
  const own = ownSettings(options);
  const isPlain = Object.keys({ ...first.settings, ...own }).length === 0;
  if (isPlain && others.length === 0) return { mode: first.name, endpoints: {} };
  const name = first.name === 'default' ? 'bridge' : first.name;
  return {
    mode: first.name,
    endpoints: Object.fromEntries([
      [name, { ...first.settings, ...own }],
      ...others.map((other) => [other.name, other.settings]),
    ]),
  };
}

/** `--ip` and its kin speak of the first network. */
function ownSettings(options: Options): EndpointSettings {
  const aliases = options.list('network-alias');
  const macAddress = options.text('mac-address');
  return {
    ...addressSettings(options.text('ip'), options.text('ip6'), options.list('link-local-ip')),
    ...(aliases.length === 0 ? {} : { Aliases: aliases }),
    ...(macAddress === undefined ? {} : { MacAddress: macAddress }),
  };
}

/** `IPAMConfig`, when any address is asked for. */
export function addressSettings(
  ipv4: string | undefined,
  ipv6: string | undefined,
  linkLocal: readonly string[],
): EndpointSettings {
  if (ipv4 === undefined && ipv6 === undefined && linkLocal.length === 0) return {};
  return {
    IPAMConfig: {
      ...(ipv4 === undefined ? {} : { IPv4Address: ipv4 }),
      ...(ipv6 === undefined ? {} : { IPv6Address: ipv6 }),
      ...(linkLocal.length === 0 ? {} : { LinkLocalIPs: linkLocal }),
    },
  };
}

/** `app`, or `name=app,alias=web,ip=172.20.0.5,driver-opt=k=v`. */
function parseNetwork(text: string): { name: string; settings: EndpointSettings } {
  if (!/^(name|alias|ip6?|mac-address|driver-opt|gw-priority|link-local-ip)=/.test(text))
    return { name: text, settings: {} };
  const pairs = text.split(',').map(splitAssignment);
  const all = (key: string): string[] => pairs.filter(([name]) => name === key).map(([, value]) => value);
  const [name, mac, priority] = [all('name')[0], all('mac-address')[0], all('gw-priority')[0]];
  if (name === undefined) throw refusal('network name/id is not specified');
  const driver = all('driver-opt');
  return {
    name,
    settings: {
      ...addressSettings(all('ip')[0], all('ip6')[0], all('link-local-ip')),
      ...(all('alias').length === 0 ? {} : { Aliases: all('alias') }),
      ...(mac === undefined ? {} : { MacAddress: mac }),
      ...(driver.length === 0 ? {} : { DriverOpts: Object.fromEntries(driver.map(splitAssignment)) }),
      ...(priority === undefined ? {} : { GwPriority: parsePriority(priority) }),
    },
  };
}

function parsePriority(text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  throw refusal(`invalid gw-priority (${text}): not a whole number`);
}

function requestedRestart(options: Options): { Name: string; MaximumRetryCount: number } {
  const text = options.text('restart') ?? 'no';
  if (options.flag('rm') && text !== 'no' && text !== '') {
    throw refusal('conflicting options: cannot specify both --restart and --rm');
  }
  return restartPolicy(text);
}

/** `on-failure:3` and the like. @throws FairleadError `invalid-argument` for a count that is none. */
export function restartPolicy(text: string): { Name: string; MaximumRetryCount: number } {
  const [name, count = '0'] = splitAt(text, ':');
  if (!/^\d*$/.test(count)) throw refusal('invalid restart policy format: maximum retry count must be an integer');
  return { Name: name, MaximumRetryCount: Number(count) };
}

function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

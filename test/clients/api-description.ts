/**
 * What the Engine API takes, as far as inventing requests needs it: paths, queries and bodies by their names and kinds,
 * from its published description (API version 1.51).
 */

/** A kind of value. */
export type Shape =
  | 'text'
  | 'integer'
  | 'truth'
  | { readonly list: Shape }
  | { readonly map: Shape }
  | { readonly fields: Readonly<Record<string, Shape>> };

/** One operation. */
export interface Operation {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** With `{container}`, `{network}`, `{volume}`, `{image}`, `{plugin}` or `{exec}` where a name stands. */
  readonly path: string;
  readonly query?: readonly string[];
  readonly body?: Shape;
  /** How often it is tried, beside the others' once: those that make what the others work on. */
  readonly weight?: number;
}

const texts = { list: 'text' } as const;
const labels = { map: 'text' } as const;
const set = { map: { fields: {} } } as const;

const privilege = { fields: { Name: 'text', Description: 'text', Value: texts } } as const;

const healthcheck = {
  fields: { Test: texts, Interval: 'integer', Timeout: 'integer', Retries: 'integer', StartPeriod: 'integer' },
} as const;

const endpoint = {
  fields: {
    IPAMConfig: { fields: { IPv4Address: 'text', IPv6Address: 'text', LinkLocalIPs: texts } },
    Links: texts,
    Aliases: texts,
    MacAddress: 'text',
    DriverOpts: labels,
    GwPriority: 'integer',
  },
} as const;

const resources = {
  CpuShares: 'integer',
  Memory: 'integer',
  MemoryReservation: 'integer',
  MemorySwap: 'integer',
  MemorySwappiness: 'integer',
  NanoCpus: 'integer',
  CpuPeriod: 'integer',
  CpuQuota: 'integer',
  CpusetCpus: 'text',
  CpusetMems: 'text',
  BlkioWeight: 'integer',
  PidsLimit: 'integer',
  OomKillDisable: 'truth',
  Devices: { list: { fields: { PathOnHost: 'text', PathInContainer: 'text', CgroupPermissions: 'text' } } },
  Ulimits: { list: { fields: { Name: 'text', Soft: 'integer', Hard: 'integer' } } },
  RestartPolicy: { fields: { Name: 'text', MaximumRetryCount: 'integer' } },
} as const;

const mount = {
  fields: {
    Type: 'text',
    Source: 'text',
    Target: 'text',
    ReadOnly: 'truth',
    Consistency: 'text',
    BindOptions: { fields: { Propagation: 'text', NonRecursive: 'truth', CreateMountpoint: 'truth' } },
    VolumeOptions: {
      fields: {
        NoCopy: 'truth',
        Labels: labels,
        DriverConfig: { fields: { Name: 'text', Options: labels } },
        Subpath: 'text',
      },
    },
    TmpfsOptions: { fields: { SizeBytes: 'integer', Mode: 'integer' } },
  },
} as const;

const hostConfig = {
  fields: {
    ...resources,
    Binds: texts,
    LogConfig: { fields: { Type: 'text', Config: labels } },
    NetworkMode: 'text',
    PortBindings: { map: { list: { fields: { HostIp: 'text', HostPort: 'text' } } } },
    PublishAllPorts: 'truth',
    AutoRemove: 'truth',
    VolumesFrom: texts,
    Mounts: { list: mount },
    ConsoleSize: { list: 'integer' },
    CapAdd: texts,
    CapDrop: texts,
    CgroupnsMode: 'text',
    Dns: texts,
    DnsOptions: texts,
    DnsSearch: texts,
    ExtraHosts: texts,
    GroupAdd: texts,
    IpcMode: 'text',
    Links: texts,
    OomScoreAdj: 'integer',
    PidMode: 'text',
    ReadonlyRootfs: 'truth',
    SecurityOpt: texts,
    Tmpfs: labels,
    UTSMode: 'text',
    UsernsMode: 'text',
    ShmSize: 'integer',
    Runtime: 'text',
    Init: 'truth',
    MaskedPaths: texts,
  },
} as const;

const container = {
  fields: {
    Hostname: 'text',
    Domainname: 'text',
    User: 'text',
    AttachStdin: 'truth',
    ExposedPorts: set,
    Tty: 'truth',
    OpenStdin: 'truth',
    StdinOnce: 'truth',
    Env: texts,
    Cmd: texts,
    Healthcheck: healthcheck,
    Image: 'text',
    Volumes: set,
    WorkingDir: 'text',
    Entrypoint: texts,
    NetworkDisabled: 'truth',
    MacAddress: 'text',
    Labels: labels,
    StopSignal: 'text',
    StopTimeout: 'integer',
    HostConfig: hostConfig,
    NetworkingConfig: { fields: { EndpointsConfig: { map: endpoint } } },
  },
} as const;

const network = {
  fields: {
    Name: 'text',
    Driver: 'text',
    Scope: 'text',
    Internal: 'truth',
    Attachable: 'truth',
    Ingress: 'truth',
    ConfigOnly: 'truth',
    EnableIPv4: 'truth',
    EnableIPv6: 'truth',
    IPAM: {
      fields: {
        Driver: 'text',
        Options: labels,
        Config: { list: { fields: { Subnet: 'text', IPRange: 'text', Gateway: 'text', AuxiliaryAddresses: labels } } },
      },
    },
    Options: labels,
    Labels: labels,
  },
} as const;

const exec = {
  fields: {
    AttachStdin: 'truth',
    AttachStdout: 'truth',
    Detach: 'truth',
    DetachKeys: 'text',
    Tty: 'truth',
    Env: texts,
    Cmd: texts,
    Privileged: 'truth',
    User: 'text',
    WorkingDir: 'text',
  },
} as const;

/** Every operation that an outsider can get something wrong in. */
export const operations: readonly Operation[] = [
  { method: 'GET', path: '/containers/json', query: ['all', 'limit', 'size', 'filters'] },
  { method: 'POST', path: '/containers/create', query: ['name', 'platform'], body: container, weight: 8 },
  { method: 'GET', path: '/containers/{container}/json', query: ['size'] },
  { method: 'GET', path: '/containers/{container}/top', query: ['ps_args'] },
  {
    method: 'GET',
    path: '/containers/{container}/logs',
    query: ['stdout', 'stderr', 'since', 'until', 'timestamps', 'tail'],
  },
  { method: 'GET', path: '/containers/{container}/changes' },
  { method: 'GET', path: '/containers/{container}/stats', query: ['stream', 'one-shot'] },
  { method: 'POST', path: '/containers/{container}/resize', query: ['h', 'w'] },
  { method: 'POST', path: '/containers/{container}/start', query: ['detachKeys'], weight: 6 },
  { method: 'POST', path: '/containers/{container}/stop', query: ['signal', 't'] },
  { method: 'POST', path: '/containers/{container}/restart', query: ['signal', 't'] },
  { method: 'POST', path: '/containers/{container}/kill', query: ['signal'] },
  { method: 'POST', path: '/containers/{container}/update', body: { fields: resources } },
  { method: 'POST', path: '/containers/{container}/rename', query: ['name'] },
  { method: 'POST', path: '/containers/{container}/pause' },
  { method: 'POST', path: '/containers/{container}/unpause' },
  { method: 'POST', path: '/containers/{container}/wait', query: ['condition'] },
  { method: 'DELETE', path: '/containers/{container}', query: ['v', 'force', 'link'] },
  { method: 'HEAD', path: '/containers/{container}/archive', query: ['path'] },
  { method: 'GET', path: '/containers/{container}/archive', query: ['path'] },
  {
    method: 'PUT',
    path: '/containers/{container}/archive',
    query: ['path', 'noOverwriteDirNonDir', 'copyUIDGID'],
    body: texts,
  },
  { method: 'POST', path: '/containers/prune', query: ['filters'] },
  { method: 'POST', path: '/containers/{container}/exec', body: exec },
  {
    method: 'POST',
    path: '/exec/{exec}/start',
    body: { fields: { Detach: 'truth', Tty: 'truth', ConsoleSize: { list: 'integer' } } },
  },
  { method: 'POST', path: '/exec/{exec}/resize', query: ['h', 'w'] },
  { method: 'GET', path: '/exec/{exec}/json' },
  { method: 'GET', path: '/images/json', query: ['all', 'filters', 'digests', 'shared-size', 'manifests'] },
  {
    method: 'POST',
    path: '/images/create',
    query: ['fromSrc', 'repo', 'tag', 'message', 'changes', 'platform'],
    body: texts,
  },
  { method: 'GET', path: '/images/{image}/json' },
  { method: 'GET', path: '/images/{image}/history' },
  { method: 'POST', path: '/images/{image}/tag', query: ['repo', 'tag'] },
  { method: 'DELETE', path: '/images/{image}', query: ['noprune'] },
  { method: 'GET', path: '/images/search', query: ['term', 'limit', 'filters'] },
  { method: 'POST', path: '/images/prune', query: ['filters'] },
  { method: 'POST', path: '/images/load', query: ['quiet'], body: texts },
  { method: 'GET', path: '/images/get', query: ['names'] },
  {
    method: 'POST',
    path: '/commit',
    query: ['container', 'repo', 'tag', 'comment', 'author', 'pause', 'changes'],
    body: container,
  },
  { method: 'GET', path: '/networks', query: ['filters'] },
  { method: 'GET', path: '/networks/{network}', query: ['verbose', 'scope'] },
  { method: 'DELETE', path: '/networks/{network}' },
  { method: 'POST', path: '/networks/create', body: network, weight: 8 },
  {
    method: 'POST',
    path: '/networks/{network}/connect',
    weight: 4,
    body: { fields: { Container: 'text', EndpointConfig: endpoint } },
  },
  { method: 'POST', path: '/networks/{network}/disconnect', body: { fields: { Container: 'text', Force: 'truth' } } },
  { method: 'POST', path: '/networks/prune', query: ['filters'] },
  { method: 'GET', path: '/volumes', query: ['filters'] },
  {
    method: 'POST',
    path: '/volumes/create',
    body: { fields: { Name: 'text', Driver: 'text', DriverOpts: labels, Labels: labels } },
  },
  { method: 'GET', path: '/volumes/{volume}' },
  { method: 'DELETE', path: '/volumes/{volume}', query: ['force'] },
  { method: 'POST', path: '/volumes/prune', query: ['filters'] },
  { method: 'GET', path: '/plugins', query: ['filters'] },
  { method: 'GET', path: '/plugins/privileges', query: [] },
  { method: 'POST', path: '/plugins/pull', query: ['name'], body: { list: privilege } },
  { method: 'POST', path: '/plugins/create', query: ['name'], body: texts },
  { method: 'GET', path: '/plugins/{plugin}/json' },
  { method: 'DELETE', path: '/plugins/{plugin}', query: ['force'] },
  { method: 'POST', path: '/plugins/{plugin}/enable', query: ['timeout'] },
  { method: 'POST', path: '/plugins/{plugin}/disable', query: ['force'] },
  { method: 'POST', path: '/plugins/{plugin}/upgrade', query: [], body: { list: privilege } },
  { method: 'POST', path: '/plugins/{plugin}/push' },
  { method: 'POST', path: '/plugins/{plugin}/set', body: texts },
  { method: 'GET', path: '/info' },
  { method: 'GET', path: '/version' },
  { method: 'GET', path: '/system/df', query: ['type'] },
  { method: 'GET', path: '/events', query: ['since', 'until', 'filters'] },
  { method: 'POST', path: '/auth', body: { fields: { username: 'text', password: 'text', serveraddress: 'text' } } },
];

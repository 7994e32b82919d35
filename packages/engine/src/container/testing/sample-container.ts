import { newIdentifier } from '@fairlead/base';
import { Store } from '@fairlead/store';
import type { Json } from '../../json.ts';
import type { Container, ContainerState, Image } from '../../model.ts';
import type { ContainerConfig, HostConfig } from '../configuration/container-config.ts';
import { ContainerTable } from '../container-table.ts';

/** What a test says about a container; the rest is plain. */
export type SampleContainer = Partial<Omit<Container, 'config' | 'state'>> & {
  readonly config?: Partial<Omit<ContainerConfig, 'host'>>;
  readonly host?: Partial<HostConfig>;
  readonly state?: Partial<ContainerState>;
};

const plainHost: HostConfig = {
  networkMode: 'bridge',
  portBindings: [],
  publishAllPorts: false,
  binds: [],
  mounts: [],
  tmpfs: {},
  autoRemove: false,
  privileged: false,
  readonlyRootfs: false,
  capAdd: [],
  capDrop: [],
  securityOptions: [],
  groupAdd: [],
  dns: [],
  dnsOptions: [],
  dnsSearch: [],
  extraHosts: [],
  links: [],
  sysctls: {},
  ulimits: [],
  devices: [],
  pidMode: '',
  ipcMode: '',
  utsMode: '',
  cgroupParent: '',
  shmSize: 0,
  oomScoreAdjust: 0,
  restartPolicy: { name: 'no', maximumRetryCount: 0 },
  logConfig: { type: 'json-file', options: {} },
  limits: {},
};

/** What a request asks for that asks for nothing but `true` in busybox. */
export function sampleConfig(
  config: Partial<Omit<ContainerConfig, 'host'>> = {},
  host: Partial<HostConfig> = {},
): ContainerConfig {
  return {
    image: 'busybox',
    user: '',
    workingDir: '',
    env: [],
    entrypoint: null,
    command: ['true'],
    labels: {},
    exposedPorts: [],
    volumes: [],
    tty: false,
    openStdin: false,
    stdinOnce: false,
    attachStdin: false,
    attachStdout: false,
    attachStderr: false,
    networkDisabled: false,
    networks: [{ network: host.networkMode ?? 'bridge', config: {} }],
    other: { config: {}, host: {} },
    ...config,
    host: { ...plainHost, ...host },
  };
}

/** A container that was created and never started. */
export function sampleContainer({ config, host, state, ...rest }: SampleContainer = {}): Container {
  return {
    id: newIdentifier(),
    name: 'sample',
    created: 0,
    imageId: 'sha256:0',
    config: sampleConfig(config, host),
    state: { status: 'created', pid: 0, exitCode: 0, error: '', oomKilled: false, restartCount: 0, ...state },
    path: 'true',
    args: [],
    env: [],
    workingDir: '',
    user: '',
    ...rest,
  };
}

/** An image with this configuration, by its OCI names. */
export function sampleImage(config: Readonly<Record<string, Json>> = {}): Image {
  const identity = { id: 'sha256:0', tags: ['busybox:latest'], digests: [], created: 0, size: 0 };
  return { ...identity, architecture: 'amd64', os: 'linux', layers: [], layerSizes: [], config: { config } };
}

/** A table in memory with these containers. */
export function sampleTable(...containers: Container[]): ContainerTable {
  const table = new ContainerTable(Store.open(':memory:').collection<Container>('container'));
  for (const container of containers) table.put(container);
  return table;
}

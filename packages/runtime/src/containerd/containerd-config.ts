/** Where a private containerd keeps its things. Paths are absolute. */
export type ContainerdPaths = {
  /** What must last: blobs, snapshots, records. */
  readonly root: string;
  /** What ends with the boot. */
  readonly state: string;
  /** Address of the API. */
  readonly socket: string;
};

/**
 * Plugins that a private containerd must not load: the Kubernetes interface, whatever listens at or manages a global
 * path, and snapshotters that need set-up. Names of all versions from 1.6 to 2.x; containerd ignores unknown ones.
 *
 * Not in the list, on purpose: `io.containerd.runtime.v1.linux` (without it 1.6 has no task service),
 * `image-verifier` and `podsandbox.controller` (2.x services that others need).
 */
const disabledPlugins: readonly string[] = [
  'io.containerd.grpc.v1.cri',
  'io.containerd.cri.v1.runtime',
  'io.containerd.cri.v1.images',
  'io.containerd.nri.v1.nri',
  'io.containerd.internal.v1.opt',
  'io.containerd.internal.v1.restart',
  'io.containerd.monitor.container.v1.restart',
  'io.containerd.internal.v1.tracing',
  'io.containerd.tracing.processor.v1.otlp',
  'io.containerd.ttrpc.v1.otelttrpc',
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.blockfile',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.erofs',
  'io.containerd.snapshotter.v1.zfs',
  'io.containerd.differ.v1.erofs',
];

/**
 * The configuration file, in the version 2 form that containerd 1.6 to 2.x read.
 *
 * The first garbage collection is put off: one that runs while a container is being created costs it time.
 */
export function containerdConfig(paths: ContainerdPaths): string {
  return `version = 2
root = ${quote(paths.root)}
state = ${quote(paths.state)}
disabled_plugins = [
${disabledPlugins.map((name) => `  ${quote(name)},`).join('\n')}
]

[grpc]
  address = ${quote(paths.socket)}

[ttrpc]
  address = ${quote(`${paths.socket}.ttrpc`)}

[debug]
  level = "warn"

[plugins."io.containerd.gc.v1.scheduler"]
  startup_delay = "10s"

[plugins."io.containerd.monitor.v1.cgroups"]
  no_prometheus = true
`;
}

/** A TOML basic string; JSON's escapes are a subset of TOML's. */
function quote(text: string): string {
  return JSON.stringify(text);
}

import type { OciMount } from './oci-types.ts';

/** How mounts made later pass between host and container (mount_namespaces(7)). */
export type Propagation = 'private' | 'rprivate' | 'shared' | 'rshared' | 'slave' | 'rslave';

/** A mount that was asked for. Paths are absolute; `source` is on the host. */
export type MountRequest =
  | {
      readonly kind: 'bind';
      readonly source: string;
      readonly destination: string;
      readonly readonly?: boolean;
      /** Of one that is read-only: what is mounted below the source is so too (see `recursiveReadOnlyFault`). */
      readonly recursiveReadonly?: boolean;
      /** `rprivate` unless told otherwise. */
      readonly propagation?: Propagation;
      /** Leave out what is mounted below the source. */
      readonly nonRecursive?: boolean;
    }
  | {
      readonly kind: 'tmpfs';
      readonly destination: string;
      /** Bytes; half of memory without it. */
      readonly size?: number;
      /** Permissions of the root, as a number. */
      readonly mode?: number;
      /** Further options as mount(8) takes them; they come last and win. */
      readonly options?: readonly string[];
    };

/** A mount as the runtime takes it. */
export function ociMount(request: MountRequest): OciMount {
  if (request.kind === 'bind') return bindMount(request);
  const size = request.size === undefined ? [] : [`size=${request.size}`];
  const mode = request.mode === undefined ? [] : [`mode=${request.mode.toString(8)}`];
  return {
    destination: request.destination,
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['noexec', 'nosuid', 'nodev', 'rprivate', ...size, ...mode, ...(request.options ?? [])],
  };
}

function bindMount(request: Extract<MountRequest, { kind: 'bind' }>): OciMount {
  return {
    destination: request.destination,
    type: 'bind',
    source: request.source,
    options: [
      request.nonRecursive ? 'bind' : 'rbind',
      ...(request.readonly ? [request.recursiveReadonly ? 'rro' : 'ro'] : []),
      request.propagation ?? 'rprivate',
    ],
  };
}

/**
 * The default mounts and those asked for, parents before what lies below them, whatever the order they were given in.
 * A mount that was asked for replaces a default one at its place, and with /dev everything that is below it stays.
 */
export function orderMounts(defaults: readonly OciMount[], requested: readonly OciMount[]): OciMount[] {
  const taken = new Set(requested.map((mount) => mount.destination));
  const kept = defaults.filter((mount) => !taken.has(mount.destination));
  return [...kept, ...requested].toSorted((one, other) => depth(one) - depth(other));
}

function depth(mount: OciMount): number {
  return mount.destination.split('/').filter((part) => part !== '').length;
}

/**
 * How the container's root must be propagated so that the binds' own propagation takes effect: `rprivate` would cut
 * off what a shared or slave bind is to receive.
 */
export function rootPropagation(requests: readonly MountRequest[]): 'rshared' | 'rslave' | 'rprivate' {
  const asked = requests.flatMap((request) => (request.kind === 'bind' ? [request.propagation ?? 'rprivate'] : []));
  if (asked.some((propagation) => propagation === 'shared' || propagation === 'rshared')) return 'rshared';
  if (asked.some((propagation) => propagation === 'slave' || propagation === 'rslave')) return 'rslave';
  return 'rprivate';
}

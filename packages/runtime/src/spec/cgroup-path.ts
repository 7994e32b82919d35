/** Control group that containers are put under unless told otherwise. */
export const defaultCgroupParent = 'fairlead';

/** Where a container's control group goes. */
export type CgroupPlacement = {
  readonly containerId: string;
  /** Group to put it under (`--cgroup-parent`); `fairlead` unless told otherwise. */
  readonly parent?: string | undefined;
  /** The runtime asks systemd: paths are then `slice:prefix:name`, in one word. */
  readonly systemd?: boolean | undefined;
};

/**
 * `linux.cgroupsPath` of the spec (runtime-spec, config-linux.md, "Cgroups Path"). Version 1 and 2 take the same: a
 * path below each hierarchy's root.
 */
export function cgroupPath({ containerId, parent, systemd }: CgroupPlacement): string {
  if (systemd) return `${parent || 'system.slice'}:fairlead:${containerId}`;
  const group = (parent || defaultCgroupParent).replace(/^\/+|\/+$/g, '');
  return `/${group}/${containerId}`;
}

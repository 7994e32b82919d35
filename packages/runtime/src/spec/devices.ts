import type { OciDevice, OciDeviceRule } from './oci-types.ts';

/** A device of the host that a container is to have. */
export type DeviceRequest = {
  /** Node in the container. */
  readonly path: string;
  readonly type: 'c' | 'b';
  readonly major: number;
  readonly minor: number;
  /** What the control group allows: any of `r`, `w`, `m`. */
  readonly access: string;
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
};

/**
 * Character devices that every container may use: those that the runtime makes itself (null, zero, full, random,
 * urandom, tty, console, ptmx) and terminals. Of others nodes can be made and not used (moby, oci/defaults.go; its rule
 * against FUSE is left out, for what no rule allows is refused anyway, and runc takes no exception from a wildcard).
 */
const defaultDeviceRules: readonly OciDeviceRule[] = [
  { allow: false, access: 'rwm' },
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
  ...[
    [1, 3],
    [1, 5],
    [1, 7],
    [1, 8],
    [1, 9],
    [5, 0],
    [5, 1],
    [5, 2],
  ].map(([major = 0, minor = 0]): OciDeviceRule => ({ allow: true, type: 'c', major, minor, access: 'rwm' })),
  { allow: true, type: 'c', major: 136, access: 'rwm' },
];

/** Control group rules of a container; one that is privileged may use every device. */
export function deviceRules(
  requests: readonly DeviceRequest[],
  extra: readonly OciDeviceRule[],
  privileged: boolean,
): OciDeviceRule[] {
  if (privileged) return [{ allow: true, access: 'rwm' }];
  const requested = requests.map(
    ({ type, major, minor, access }): OciDeviceRule => ({ allow: true, type, major, minor, access }),
  );
  return [...defaultDeviceRules, ...requested, ...extra];
}

/** A device node as the runtime takes it. */
export function ociDevice({ access: _access, ...device }: DeviceRequest): OciDevice {
  return device;
}

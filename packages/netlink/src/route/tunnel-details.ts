import { type IpAddress, ipFromBytes, isUnspecified } from '@fairlead/base';
import type { LinkDetails } from './link-details.ts';

/** What a link that puts packets into others is told about the way of those. */
export interface TunnelDetails {
  /** VNI of VXLAN and Geneve. */
  readonly id?: number;
  readonly local?: IpAddress;
  /** Its far end; absent where a table says it for each packet. */
  readonly remote?: IpAddress;
  /** UDP port at which the far end listens. */
  readonly port?: number;
}

/** Numbers of attributes (include/uapi/linux/if_link.h, if_tunnel.h); of each, the first one that is there counts. */
interface TunnelAttributes {
  readonly id?: number;
  readonly local?: readonly number[];
  readonly remote?: readonly number[];
  readonly port?: number;
}

const gre: TunnelAttributes = { local: [6], remote: [7] };
const ip: TunnelAttributes = { local: [2], remote: [3] };
const vti: TunnelAttributes = { local: [4], remote: [5] };
/** By kind (IFLA_INFO_KIND). WireGuard tells of its peers elsewhere. */
const kinds: ReadonlyMap<string, TunnelAttributes> = new Map([
  ['vxlan', { id: 1, local: [4, 17], remote: [2, 16], port: 15 }],
  ['geneve', { id: 1, remote: [2, 7], port: 5 }],
  ...['gre', 'gretap', 'erspan', 'ip6gre', 'ip6gretap', 'ip6erspan'].map((kind) => [kind, gre] as const),
  ...['ipip', 'sit', 'ip6tnl'].map((kind) => [kind, ip] as const),
  ...['vti', 'vti6'].map((kind) => [kind, vti] as const),
  ['wireguard', {}],
]);

/** True for a kind of link that puts packets into others. */
export function isTunnel(kind: string | undefined): boolean {
  return kind !== undefined && kinds.has(kind);
}

/** What a tunnel is told; `undefined` for links of other kinds. */
export function tunnelDetails({ kind = '', data }: LinkDetails): TunnelDetails | undefined {
  const attributes = kinds.get(kind);
  if (attributes === undefined) return undefined;
  const address = (types: readonly number[] = []): IpAddress | undefined =>
    types
      .flatMap((type) => data?.bytes(type) ?? [])
      .map(ipFromBytes)
      .find((found) => !isUnspecified(found));
  const [local, remote] = [address(attributes.local), address(attributes.remote)];
  const id = attributes.id === undefined ? undefined : data?.u32(attributes.id);
  const port = attributes.port === undefined ? undefined : data?.u16be(attributes.port);
  return {
    ...(id !== undefined && { id }),
    ...(local && { local }),
    ...(remote && { remote }),
    ...(port !== undefined && { port }),
  };
}

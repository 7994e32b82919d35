import { familyOf, type IpAddress, type PortProtocol } from '@fairlead/base';
import type { ElementObject, FieldType, SetDefinition } from '@fairlead/netlink';
import { turn } from './service-turns.ts';

/**
 * The link group of bridges that may be entered and left, all but those of internal networks. It only says where a packet
 * is judged sooner: the sets hold, and a bridge that has lost its group is judged by them alone.
 */
export const openBridgeGroup = 4646;

/** Name of our table in the host's namespace, and of the table of each sandbox. */
export const tableName = 'fairlead';

/** Key fields of a published port: `tcp . 8080`. */
const port: readonly FieldType[] = ['inet_proto', 'inet_service'];

/**
 * All the state of the host's table. A set is only ever changed element by element; the rules that look into it never
 * change. Interval sets are apart from the hash sets, for they are rebuilt whenever an element comes or goes.
 */
const shared = [
  { name: 'bridges', key: ['ifname'], comment: 'bridges of our networks' },
  { name: 'same_bridge', key: ['ifname', 'ifname'], comment: 'a bridge and itself: what stays inside a network' },
  { name: 'internal', key: ['ifname'], comment: 'bridges that nothing leaves and nothing enters' },
  { name: 'reachable', key: ['ifname'], comment: 'bridges that may be entered: all others' },
  { name: 'separated', key: ['ifname', 'ifname'], comment: 'a bridge and itself: its containers may not talk' },
  { name: 'trusted', key: ['ifname', 'ifname'], comment: 'host interface and the bridge it may reach directly' },
  { name: 'fitted', key: ['inet_proto'], comment: 'whose segments are fitted: tcp while a way out is narrow' },
  { name: 'mesh', key: port, comment: 'ports of services, on every host address' },
] as const satisfies readonly SetDefinition[];

const ofFamily = {
  4: familySets('4', 'ipv4_addr'),
  6: familySets('6', 'ipv6_addr'),
};

/** Name of a set that exists once for each family. */
export type FamilySet =
  | 'host'
  | 'masquerade'
  | 'source'
  | 'open'
  | 'routed'
  | 'routed_ports'
  | 'publish'
  | 'publish_range'
  | 'publish_address'
  | 'publish_address_range'
  | 'limited'
  | 'from'
  | 'via'
  | 'limited_publish'
  | 'limited_publish_address'
  | 'limited_publish_range'
  | 'routed_from'
  | 'routed_via'
  | `mesh_${PortProtocol}`;

/** Name of a set of the host's table. */
export type HostSet = (typeof shared)[number]['name'] | `${FamilySet}${4 | 6}`;

/** The sets of the host's table, in the order in which they are printed. */
export const hostSets: readonly SetDefinition[] = [...shared, ...ofFamily[4], ...ofFamily[6]];

/** An element of the host's table. */
export function hostElement(set: HostSet, key: readonly string[], value?: readonly string[]): ElementObject {
  const element = { kind: 'element', namespace: '', table: tableName, set, key } as const;
  return value === undefined ? element : { ...element, value };
}

/** That segments are fitted to the way out. */
export const segmentFitting: ElementObject = hostElement('fitted', ['tcp']);

/** That an address is the host's. */
export function hostAddressElement(address: IpAddress): ElementObject {
  return hostElement(`host${familyOf(address)}`, [address]);
}

/** Ports that are for some askers only. Those of every address of the host have all addresses for their interval. */
function limitedSets(
  address: 'ipv4_addr' | 'ipv6_addr',
): Record<
  Extract<FamilySet, 'from' | 'via' | `${string}_${'from' | 'via'}` | `limited${string}`>,
  Omit<SetDefinition, 'name'>
> {
  const place = [address, ...port];
  const from = { key: [address, ...place], interval: true };
  const via = { key: ['ifname' as const, address, ...place], interval: true };
  return {
    limited: { key: place, interval: true, comment: 'ports published for some askers only' },
    from: { ...from, comment: 'asker and what it may ask for' },
    via: { ...via, comment: 'the same, by which interface' },
    limited_publish: { key: port, value: [address, 'inet_service'], comment: 'where they lead on every host address' },
    limited_publish_address: {
      key: place,
      value: [address, 'inet_service'],
      comment: 'where they lead on one host address',
    },
    limited_publish_range: { key: place, value: [address], interval: true, comment: 'the same for ranges on either' },
    routed_from: { ...from, comment: 'asker and the port on a routed bridge that it may ask for' },
    routed_via: { ...via, comment: 'the same, by which interface' },
  };
}

/** To which backend a port leads the connections that draw such numbers. */
function meshSets(address: 'ipv4_addr' | 'ipv6_addr'): Record<`mesh_${PortProtocol}`, Omit<SetDefinition, 'name'>> {
  const map = { key: ['inet_service', turn], value: [address, 'inet_service'], interval: true } as const;
  return {
    mesh_tcp: { ...map, comment: 'port and what of its connections goes where' },
    mesh_udp: { ...map, comment: 'the same for UDP' },
    mesh_sctp: { ...map, comment: 'the same for SCTP' },
  };
}

function familySets(family: '4' | '6', address: 'ipv4_addr' | 'ipv6_addr'): readonly SetDefinition[] {
  const sets: Record<FamilySet, Omit<SetDefinition, 'name'>> = {
    host: { key: [address], comment: 'addresses of the host, as soon as the daemon knows them' },
    masquerade: { key: ['ifname'], comment: 'bridges whose containers go out under an address of the host' },
    source: { key: ['ifname'], value: [address], comment: 'bridges whose containers go out under this address' },
    open: { key: ['ifname'], comment: 'bridges whose unpublished ports may be reached directly' },
    routed: { key: ['ifname'], comment: 'bridges that are reached by routing, without translation' },
    routed_ports: { key: [address, ...port], interval: true, comment: 'ports published on routed bridges' },
    publish: { key: port, value: [address, 'inet_service'], comment: 'ports published on every host address' },
    publish_range: { key: port, value: [address], interval: true, comment: 'ranges that keep their port numbers' },
    publish_address: {
      key: [address, ...port],
      value: [address, 'inet_service'],
      comment: 'ports published on one host address',
    },
    publish_address_range: {
      key: [address, ...port],
      value: [address],
      interval: true,
      comment: 'the same for ranges that keep their port numbers',
    },
    ...limitedSets(address),
    ...meshSets(address),
  };
  return Object.entries(sets).map(([name, set]) => ({ name: `${name}${family}`, ...set }));
}

import { type MacAddress, macFromBytes, macToBytes } from '@fairlead/base';
import type { KernelObject } from '@fairlead/netlink';
import { ipv6Settings } from './ipv6-settings.ts';
import { ownerAlias } from './owner.ts';
import { sysctlName } from './sysctl-name.ts';

/** Names of a further bridge of a network, and of the cable that joins it to the first one. */
export interface SegmentNames {
  readonly bridge: string;
  /** The end that is a port of the first bridge. */
  readonly trunk: string;
  /** The end that is a port of the further one. */
  readonly uplink: string;
}

/** A further bridge of a network, for containers for which the first one has no port. */
export interface BridgeSegment {
  /** Of the network. */
  readonly id: string;
  /** From 1. */
  readonly number: number;
  /** Name of the network's first bridge, which alone has addresses. */
  readonly first: string;
  /** Of the first bridge. */
  readonly mac: MacAddress;
  /** Bytes. */
  readonly mtu: number;
  /** Containers of the network do not talk to each other. */
  readonly isolated: boolean;
}

/** Bytes of an interface name without its end. */
const LONGEST_NAME = 15;

/** How the links of a network's further bridge are called; the number comes first, for names are cut off. */
export function segmentNames({ id, number }: Pick<BridgeSegment, 'id' | 'number'>): SegmentNames {
  const name = (letter: string) => `${letter}${number}-${id}`.slice(0, LONGEST_NAME);
  return { bridge: name('b'), trunk: name('t'), uplink: name('u') };
}

/**
 * A bridge and a cable to the first one, a star whatever comes: frames take two bridges more at most. Where containers are
 * kept from each other the trunk is an isolated port as theirs are, and the way up is none: from a segment it goes to the
 * first bridge itself, which is the router, and to nobody else.
 */
export function bridgeSegmentObjects(segment: BridgeSegment): KernelObject[] {
  const { first, mtu, isolated, number } = segment;
  const { bridge, trunk, uplink } = segmentNames(segment);
  const alias = ownerAlias('network', segment.id);
  const mac = (role: number) => relatedMac(segment.mac, number, role);
  const link = { kind: 'link', namespace: '', up: true, mtu, alias } as const;
  const peer = { namespace: '', name: uplink, mac: mac(3), mtu };
  const key = sysctlName(bridge);
  const setting = (name: string, value: string): KernelObject => {
    return { kind: 'sysctl', namespace: '', key: `net.ipv4.conf.${key}.${name}`, value };
  };
  return [
    { ...link, name: bridge, type: { kind: 'bridge' }, mac: mac(1) },
    // The host is on the network by the first bridge alone: it answers for no address here.
    setting('arp_ignore', '8'),
    ...ipv6Settings({ namespace: '', link: bridge, mtu }, { disable_ipv6: '1' }),
    // What br_netfilter has translated here is routed from here, and its way back is by the first bridge.
    setting('rp_filter', '2'),
    { ...link, name: trunk, type: { kind: 'veth', peer }, mac: mac(2), master: first, port: { isolated } },
    { ...link, name: uplink, type: { kind: 'veth' }, mac: mac(3), master: bridge },
  ];
}

/** Another one for each number and role, and never the network's own. */
function relatedMac(mac: MacAddress, number: number, role: number): MacAddress {
  const bytes = macToBytes(mac);
  bytes[3] = (bytes[3] ?? 0) ^ number;
  bytes[4] = (bytes[4] ?? 0) ^ role;
  return macFromBytes(bytes);
}

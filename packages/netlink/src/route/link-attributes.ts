/** Link attributes (IFLA_*, include/uapi/linux/if_link.h). */
export const linkAttribute = {
  address: 1,
  name: 3,
  mtu: 4,
  link: 5,
  master: 10,
  operationalState: 16,
  information: 18,
  alias: 20,
  statistics: 23,
  group: 27,
  namespaceDescriptor: 28,
  extensionMask: 29,
  carrier: 33,
  linkNamespaceId: 37,
} as const;

/** Inside IFLA_LINKINFO. */
export const informationAttribute = { kind: 1, data: 2, portKind: 4, portData: 5 } as const;
/** Inside a bridge port's IFLA_INFO_SLAVE_DATA (IFLA_BRPORT_*). */
export const bridgePortAttribute = {
  state: 1,
  hairpin: 4,
  learning: 8,
  flood: 9,
  multicastFlood: 27,
  broadcastFlood: 30,
  isolated: 33,
  locked: 39,
} as const;
/** Inside a veth's IFLA_INFO_DATA (include/uapi/linux/veth.h); holds an ifinfomsg and then link attributes. */
export const vethAttribute = { peer: 1 } as const;
/** Inside a VXLAN link's IFLA_INFO_DATA. */
export const vxlanAttribute = { id: 1, local: 4, learning: 7, port: 15, local6: 17 } as const;
/** Inside a VLAN link's IFLA_INFO_DATA. */
export const vlanAttribute = { id: 1 } as const;
/** Inside a macvlan link's IFLA_INFO_DATA. */
export const macvlanAttribute = { mode: 1 } as const;
/** Inside an ipvlan link's IFLA_INFO_DATA. */
export const ipvlanAttribute = { mode: 1, flags: 2 } as const;

/** MACVLAN_MODE_*. */
export const macvlanModes = { private: 1, vepa: 2, bridge: 4, passthru: 8 } as const;
/** IPVLAN_MODE_*. */
export const ipvlanModes = { l2: 0, l3: 1, l3s: 2 } as const;
/** IPVLAN_F_*; a bridge is what neither flag makes. */
export const ipvlanFlags = { bridge: 0, private: 1, vepa: 2 } as const;

/** IFF_UP. */
export const FLAG_UP = 1;
/** IFF_LOWER_UP: somebody is at the other end. */
export const FLAG_LOWER_UP = 0x1_0000;
/** IFF_NOARP. */
export const FLAG_NO_ARP = 0x80;
/** Bytes of ifinfomsg. */
export const linkHeaderLength = 16;

/** The name that stands for a number in one of the tables above. */
export function nameOfNumber<Name extends string>(
  table: Readonly<Record<Name, number>>,
  number: number,
): Name | undefined {
  return keysOf(table).find((name) => table[name] === number);
}

function keysOf<Name extends string>(table: Readonly<Record<Name, number>>): Name[] {
  const names: Name[] = [];
  for (const name in table) names.push(name);
  return names;
}

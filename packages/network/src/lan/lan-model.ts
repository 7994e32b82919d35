import type { IpAddress, MacAddress } from '@fairlead/base';
import type { HostLease } from '@fairlead/dhcp';
import type { ByFamily } from '@fairlead/firewall';

/** Another machine uses an address that a LAN has given to an endpoint. */
export interface Contest {
  readonly address: IpAddress;
  /** Whose frames say so. */
  readonly mac: MacAddress;
  readonly outcome: 'defended' | 'given-up';
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A lease that the servers of a LAN have still to be told is given back; stored with the change that it follows from. */
export interface Farewell {
  /** The lease's own. */
  readonly id: string;
  /** Interface of the host by which they are reached. */
  readonly uplink: string;
  readonly network: string;
  readonly owner: string;
  readonly mac: MacAddress;
  readonly lan: ByFamily<HostLease>;
}

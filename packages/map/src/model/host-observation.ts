import type { LinkDetails } from '@fairlead/netlink';

/** What the map needs to know of a link. */
export type LinkState = Pick<
  LinkDetails,
  'index' | 'name' | 'up' | 'mtu' | 'kind' | 'alias' | 'masterIndex' | 'parentIndex' | 'parentNamespaceId'
> &
  Partial<Pick<LinkDetails, 'operationalState'>>;

/** An address on a link, `10.0.0.2/24`. */
export interface AddressState {
  readonly link: string;
  readonly address: string;
}

/** A network namespace that is not this engine's. */
export interface ForeignNamespace {
  /** Id by which links of the host name it; absent when the host has no link into it. */
  readonly id?: number;
  /** Name under which it is pinned. */
  readonly name?: string;
  /** A process in it. */
  readonly process?: {
    readonly pid: number;
    readonly name: string;
    /** The engine that its control group tells of, `docker 1a2b3c4d5e6f`. */
    readonly engine?: string;
  };
  readonly links: readonly LinkState[];
  readonly addresses: readonly AddressState[];
}

/** The kernel's state as far as the map shows it. */
export interface HostObservation {
  readonly hostname: string;
  readonly links: readonly LinkState[];
  readonly addresses: readonly AddressState[];
  readonly gateways: readonly { readonly link: string; readonly address: string }[];
  readonly foreign: readonly ForeignNamespace[];
}

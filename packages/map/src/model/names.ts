import type { IpAddress, PortRange, Prefix } from '@fairlead/base';
import type { FindingView } from './map-view.ts';

/** A container as the engine knows it. */
export interface NamedContainer {
  readonly name: string;
  readonly state: 'running' | 'paused' | 'stopped';
  readonly image: string;
  /** Pinned namespace; absent while it does not run, '' for the host's own. */
  readonly namespace?: string;
  /** The network's name stands for itself where there is no address, as on `host` and `none`. */
  readonly attachments: readonly {
    readonly network: string;
    readonly ipv4?: IpAddress;
    readonly ipv6?: IpAddress;
    readonly interface?: string;
    readonly hostInterface?: string;
    /** The bridge that its cable is in, where that is not the network's first. */
    readonly segment?: { readonly bridge: string };
  }[];
  readonly publications: readonly {
    readonly protocol: string;
    readonly hostAddress: IpAddress;
    readonly hostPorts: PortRange;
    readonly containerPorts: PortRange;
  }[];
}

/** A network as the engine knows it. */
export interface NamedNetwork {
  readonly name: string;
  readonly driver: string;
  readonly internal: boolean;
  /** False when its containers may not talk to each other. */
  readonly open: boolean;
  readonly interface?: string;
  readonly subnets: readonly Prefix[];
  readonly masquerade?: boolean;
  readonly mtu?: number;
}

/** What the engine knows and the kernel does not, each list oldest first. */
export interface Names {
  readonly containers: readonly NamedContainer[];
  readonly networks: readonly NamedNetwork[];
}

/** What the doctor said last. */
export interface Examination {
  readonly findings: readonly FindingView[];
  /** Milliseconds since the epoch. */
  readonly time: number;
}

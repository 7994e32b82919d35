/** What may be asked for when a network is made. */
export interface NetworkRequest {
  readonly name: string;
  readonly driver?: string;
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly scope?: string;
  /** The network by which published ports of services are reached; there can be one. */
  readonly ingress?: boolean;
  readonly configOnly?: boolean;
  readonly configFrom?: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ipam?: {
    readonly driver?: string;
    readonly options?: Readonly<Record<string, string>> | null;
    readonly config?: readonly IpamRequest[];
  };
}

/** One `IPAM.Config` entry as it was sent, not validated yet. */
export interface IpamRequest {
  readonly subnet?: string;
  readonly range?: string;
  readonly gateway?: string;
  readonly auxiliary?: Readonly<Record<string, string>>;
}

/** What a configuration network keeps for others: a request without what is each one's own. */
export type NetworkTemplate = Pick<NetworkRequest, 'ipv4' | 'ipv6' | 'options' | 'labels' | 'ipam'>;

/** Who made a thing: this engine, or anybody else. */
export type Owner = 'fairlead' | 'other';

/** An interface by which the host is on a network of its own. */
export interface UplinkView {
  /** `link:eth0`. */
  readonly id: string;
  readonly name: string;
  readonly up: boolean;
  /** With their prefix lengths. */
  readonly addresses: readonly string[];
  /** Default gateways that it leads to. */
  readonly gateways: readonly string[];
}

/** The machine itself. */
export interface HostView {
  readonly name: string;
  readonly uplinks: readonly UplinkView[];
}

/** A network of containers: a card of the map. */
export interface NetworkView {
  /** `network:app`; `bridge:docker0` for a bridge of others, `elsewhere` for what is on no bridge. */
  readonly id: string;
  readonly name: string;
  readonly owner: Owner;
  readonly driver: string;
  /** The host's interface. */
  readonly interface?: string;
  readonly up: boolean;
  readonly subnets: readonly string[];
  /** Bytes. */
  readonly mtu?: number;
  /** What is special about it, in a word each: `internal`, `no communication`, `no translation`. */
  readonly traits: readonly string[];
}

/** A container on a network: a tile of the map. One on two networks has two. */
export interface TileView {
  /** `tile:app/web`. */
  readonly id: string;
  /** Name of the container; of others', of their process. */
  readonly name: string;
  /** Id of its network. */
  readonly network: string;
  readonly owner: Owner;
  readonly state: 'running' | 'paused' | 'stopped';
  readonly addresses: readonly string[];
  /** Its interface inside. */
  readonly interface?: string;
  /** Host end of its cable. */
  readonly device?: string;
  /** The bridge that this is in, where it is not the network's first. */
  readonly bridge?: string;
  /** True unless the cable is known to be down. */
  readonly connected: boolean;
  /** Namespace by its pinned name. */
  readonly namespace?: string;
  /** A process in its namespace, of others'. */
  readonly pid?: number;
  /** What else there is to say: image, or engine and process. */
  readonly detail?: string;
}

/** Host ports that lead to a container: a socket of the map. */
export interface PortView {
  /** `port:tcp/0.0.0.0:8080`. */
  readonly id: string;
  /** Name of the container. */
  readonly container: string;
  readonly protocol: string;
  readonly address: string;
  /** `8080` or `8080-8090`. */
  readonly ports: string;
  readonly containerPorts: string;
  /** False while the container does not run. */
  readonly open: boolean;
}

/** Something that the doctor found. */
export interface FindingView {
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'note';
  readonly text: string;
  readonly consequences?: readonly string[];
  readonly evidence: readonly string[];
  /** Names of containers. */
  readonly affects: readonly string[];
  readonly fixes: readonly { readonly text: string; readonly commands: readonly string[] }[];
}

/** Everything that the map shows but the traffic, in a stable order: what is new comes last. */
export interface MapView {
  readonly schema: 'fairlead.map/1';
  readonly host: HostView;
  readonly networks: readonly NetworkView[];
  readonly tiles: readonly TileView[];
  readonly ports: readonly PortView[];
  readonly findings: readonly FindingView[];
  /** When the doctor looked, in milliseconds since the epoch; absent when nobody has asked it yet. */
  readonly examined?: number;
}

/** Traffic of a tile as its container sees it, or of an uplink as the host does: bytes a second in and out, packets dropped. */
export type Rate = readonly [received: number, sent: number, dropped: number];

/** What a watcher is told: everything at first, then what is different, and the rates that have changed. */
export type MapEvent =
  | { readonly type: 'view'; readonly view: MapView }
  | { readonly type: 'delta'; readonly delta: MapDelta }
  | { readonly type: 'rates'; readonly rates: Readonly<Record<string, Rate>> };

/** A list's way from one state to the next. */
export interface ListDelta<T> {
  /** Those that are new or different. */
  readonly set?: readonly T[];
  /** Ids in their order, when that is different. */
  readonly order?: readonly string[];
}

/** The way from one view to the next; what is absent stays. */
export interface MapDelta {
  readonly host?: HostView;
  readonly networks?: ListDelta<NetworkView>;
  readonly tiles?: ListDelta<TileView>;
  readonly ports?: ListDelta<PortView>;
  readonly findings?: readonly FindingView[];
  readonly examined?: number;
}

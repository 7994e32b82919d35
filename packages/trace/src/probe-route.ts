import type { NamespaceName } from '@fairlead/netlink';
import type { Namespaces } from './collect/namespaces.ts';
import type { PlaceMap } from './collect/place-map.ts';
import type { Watch } from './collect/watch.ts';
import type { ContainerPlace, Directory } from './model/directory.ts';
import type { TraceListener } from './model/live-hops.ts';
import type { NameStep } from './model/report.ts';

/** Where the probe goes, and what is known of its ends. */
export interface ProbeRoute {
  readonly namespaces: Namespaces;
  readonly places: PlaceMap;
  readonly directory: Directory;
  readonly sourceName: string;
  readonly sourceContainer?: ContainerPlace;
  readonly targetName: string;
  /** The container that has the address, or to which the port leads. */
  readonly behind?: { readonly container: ContainerPlace; readonly port?: number; readonly published: boolean };
  /** True for an address of the host. */
  readonly local: boolean;
  /** Milliseconds to wait for an answer. */
  readonly patience: number;
  readonly watch: Watch;
  /** Lets the watch go, once all has been seen; absent where others need it. */
  readonly release?: () => void;
  /** How its name was looked up. */
  readonly name?: NameStep;
  /** Also make a file of the packets. */
  readonly pcapng?: boolean;
  /** Told of the probe, and of each hop as it is seen. */
  readonly tell?: TraceListener;
}

/** Where the probe is to arrive, when that is on this machine. */
export function namespaceOf({ behind, local }: ProbeRoute): NamespaceName | undefined {
  return behind?.container.namespace ?? (local ? '' : undefined);
}

import type { Logger } from '@fairlead/base';
import type { Change } from '@fairlead/netlink';
import type { Store } from '@fairlead/store';
import type { ClaimAccess } from './bridge/gateway-watch.ts';
import type { KernelPort } from './kernel-port.ts';
import type { LanAccess } from './lan/lan-port.ts';
import type { NetworkEvent } from './model.ts';
import type { NameServicePort } from './name-service-port.ts';
import type { PluginAccess } from './remote/plugin-port.ts';
import type { NetworkSettings } from './settings.ts';
import type { Claim } from './watch/claim.ts';

/** What the controller is made from. */
export interface ControllerContext {
  readonly store: Store;
  readonly kernel: KernelPort;
  readonly names: NameServicePort;
  readonly settings: NetworkSettings;
  readonly logger: Logger;
  readonly emit: (event: NetworkEvent) => void;
  /** Drivers of others; absent means that there are none. */
  readonly plugins?: PluginAccess;
  /** Links of containers on LANs; absent means that there can be none. */
  readonly lan?: LanAccess;
  /** How those are heard who use addresses of ours; absent means that they are not. */
  readonly claims?: ClaimAccess;
  /** Told of what somebody took away, in words, and of what was done to put it back. */
  readonly onRepair?: (lost: readonly string[], made: readonly Change[]) => void;
  /** Told of others who use addresses and bridges of ours. */
  readonly onClaim?: (claim: Claim) => void;
}

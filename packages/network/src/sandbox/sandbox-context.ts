import { type IdentityMapping, type Logger, newIdentifier, type PortPolicies } from '@fairlead/base';
import type { KernelObject } from '@fairlead/netlink';
import type { Announcements } from '../address/announcements.ts';
import type { BridgeGuests } from '../bridge/bridge-guests.ts';
import type { BridgeCapacity } from '../bridge/segments.ts';
import type { KernelPort } from '../kernel-port.ts';
import type { Lans } from '../lan/lans.ts';
import type { DnsConfig, NetworkEvent, Sandbox } from '../model.ts';
import type { NameRecords } from '../name/name-records.ts';
import type { ServicePort } from '../name-service-port.ts';
import type { PortBook } from '../port/port-book.ts';
import type { PortBinding } from '../port/port-model.ts';
import type { RemoteNetworks } from '../remote/remote-networks.ts';
import type { Joined } from '../route/gateway.ts';
import type { NetworkState } from '../state.ts';

/** What `Sandboxes` works with. */
export interface SandboxesContext {
  readonly state: NetworkState;
  readonly kernel: KernelPort;
  readonly records: NameRecords;
  readonly ports: PortBook;
  readonly announcements: Announcements;
  readonly namespacePrefix: string;
  readonly capacity: BridgeCapacity;
  readonly logger: Logger;
  readonly emit: (event: NetworkEvent) => void;
  /** What is done with plugins; absent where there are none. */
  readonly remote?: () => Promise<RemoteNetworks>;
  readonly lans: Lans;
  readonly guests: Pick<BridgeGuests, 'companyOf'>;
}

/** A sandbox that is wanted. */
export interface SandboxRequest {
  readonly owner: string;
  readonly ownerName: string;
  /** `host` shares the host's namespace and asks nothing of the kernel. */
  readonly mode: 'own' | 'host';
  /** Its namespace belongs to a user namespace of its own, with these users and groups. */
  readonly identities?: IdentityMapping | undefined;
  readonly ports: readonly PortBinding[];
  readonly portPolicies?: PortPolicies;
  /** True for a container whose health has to be seen first; see `NetworkController.setReady`. */
  readonly unready?: boolean;
  /** What is found by SRV records. */
  readonly services?: readonly ServicePort[];
  readonly dns: DnsConfig;
}

/** The sandbox of a request, as it is stored before there is anything of it. @param namespace '' for the host's. */
export function newSandbox(request: SandboxRequest, namespace: string): Sandbox {
  return {
    id: newIdentifier(),
    owner: request.owner,
    ownerName: request.ownerName,
    namespace,
    ...(request.identities && namespace !== '' && { identities: request.identities }),
    ports: request.ports,
    ...(request.portPolicies && { portPolicies: request.portPolicies }),
    ...(request.unready && { unready: true }),
    ...(request.services && request.services.length > 0 && { services: request.services }),
    mappings: [],
    dns: request.dns,
  };
}

/** A sandbox as it was before a change. */
export interface Snapshot {
  readonly sandbox: Sandbox;
  readonly joined: readonly Joined[];
  readonly fragment: readonly KernelObject[];
}

/** The container's name where that is free, so that `ip -n` finds it; else with its id. */
export function namespaceName(
  { state, namespacePrefix }: Pick<SandboxesContext, 'state' | 'namespacePrefix'>,
  { owner, ownerName }: SandboxRequest,
): string {
  const plain = `${namespacePrefix}${ownerName}`;
  const taken = (name: string) => Iterator.from(state.sandboxes).some(({ namespace }) => namespace === name);
  return taken(plain) ? `${plain}-${owner.slice(0, 12)}` : plain;
}

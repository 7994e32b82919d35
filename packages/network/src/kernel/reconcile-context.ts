import { type Logger, messageOf } from '@fairlead/base';
import type { TableDefinition } from '@fairlead/netlink';
import type { BridgeGuests } from '../bridge/bridge-guests.ts';
import type { IsShared } from '../bridge/shared-bridges.ts';
import type { KernelPort } from '../kernel-port.ts';
import type { NameRecords } from '../name/name-records.ts';
import type { NameServicePort } from '../name-service-port.ts';
import type { PortBook } from '../port/port-book.ts';
import type { NetworkState } from '../state.ts';
import type { HostFacts } from '../watch/host-facts.ts';

/** What reconciliation works with. */
export interface ReconcileContext {
  readonly state: NetworkState;
  readonly kernel: KernelPort;
  readonly names: NameServicePort;
  readonly records: NameRecords;
  readonly ports: PortBook;
  readonly namespacePrefix: string;
  readonly hostTables: readonly TableDefinition[];
  /** False leaves the host's forwarding to the operator. */
  readonly forwarding: boolean;
  readonly isShared: IsShared;
  readonly guests: Pick<BridgeGuests, 'reviewAgain'>;
  readonly facts: Pick<HostFacts, 'elements'>;
  readonly logger: Logger;
  /** Do work on a sandbox while nobody else works on it. */
  readonly turn: <T>(sandbox: string, work: () => Promise<T>) => Promise<T>;
}

/** Go on after a failure, which is logged: one broken sandbox shall not keep the others from being repaired. */
export async function attempt(
  { logger }: Pick<ReconcileContext, 'logger'>,
  message: string,
  work: () => Promise<unknown>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    logger.error(message, { error: messageOf(error) });
  }
}

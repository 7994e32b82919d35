import type { Logger } from '@fairlead/base';
import type { Announcements } from '../address/announcements.ts';
import type { NetworkEvent } from '../model.ts';
import type { NameRecords } from '../name/name-records.ts';
import type { NetworkState } from '../state.ts';
import { type LanLeases, noteLease, withLease } from './lan-book.ts';

/** What {@link relet} works with. */
export interface ReletContext {
  readonly state: NetworkState;
  readonly records: NameRecords;
  readonly announcements: Announcements;
  readonly logger: Logger;
  readonly emit: (event: NetworkEvent) => void;
  /** Do work on a sandbox while nobody else works on it. */
  readonly turn: <T>(sandbox: string, work: () => Promise<T>) => Promise<T>;
  readonly sandboxes: {
    /** Store a change, and bring sandboxes to it; take everything back when that fails. */
    follow(ids: readonly string[], change: Change): Promise<void>;
  };
}

interface Change {
  readonly store: () => void;
  readonly apply: () => Promise<void>;
  readonly undo: () => Promise<void>;
}

/**
 * A LAN says something else to an endpoint that is in use: its addresses, routes, name servers and names follow.
 *
 * @param held what it holds by the time that its sandbox's turn has come.
 * @throws what the kernel refuses; the endpoint has what it had then.
 */
export async function relet(context: ReletContext, endpointId: string, held: () => LanLeases): Promise<void> {
  const { sandbox } = context.state.endpoints.get(endpointId) ?? {};
  if (sandbox !== undefined) await context.turn(sandbox, () => reletNow(context, endpointId, held()));
}

async function reletNow(
  { state, records, announcements, emit, logger, sandboxes }: ReletContext,
  endpointId: string,
  lan: LanLeases,
): Promise<void> {
  const before = state.endpoints.get(endpointId);
  const network = before && state.networks.get(before.network);
  if (before === undefined || network === undefined) return;
  const after = withLease(before, lan);
  const lease = state.addresses.find(network.id, before.owner);
  if (after === before) {
    noteLease(state, before, network, lan);
    return;
  }
  await sandboxes.follow([before.sandbox], {
    store: () => {
      noteLease(state, after, network, lan);
      state.endpoints.put(after);
    },
    apply: async () => {},
    undo: async () => {
      noteLease(state, before, network, lease?.lan ?? {});
      state.endpoints.put(before);
    },
  });
  const item = { endpoint: after, network };
  const sandbox = state.sandbox(before.sandbox);
  await records.publish(sandbox, [item]);
  announcements.end(endpointId);
  announcements.begin(item, sandbox.namespace);
  const { ipv4 = '', ipv6 = '' } = after;
  logger.info('address of a LAN changed', { network: network.name, container: before.owner, ipv4, ipv6 });
  emit({ action: 'update', network, container: before.owner });
}

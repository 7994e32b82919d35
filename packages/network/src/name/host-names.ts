import { type Logger, messageOf } from '@fairlead/base';
import type { NetworkState } from '../state.ts';
import type { NameRecords } from './name-records.ts';

/** What {@link followHostNames} works with. */
export interface HostNamesParts {
  readonly state: NetworkState;
  readonly records: NameRecords;
  readonly logger: Logger;
  /** Do work in the turn of a sandbox. */
  readonly turn: <T>(sandbox: string, work: () => Promise<T>) => Promise<T>;
}

/** The host asks other name servers now: so do the sandboxes that follow it. What cannot be told is logged. Never rejects. */
export async function followHostNames({ state, records, logger, turn }: HostNamesParts): Promise<void> {
  const served = Iterator.from(state.sandboxes).filter(({ resolver }) => resolver !== undefined);
  const tell = async (id: string) => {
    const sandbox = state.sandboxes.get(id);
    if (sandbox !== undefined) await records.serve(sandbox, state.joined(id));
  };
  const told = await Promise.allSettled(served.map(({ id }) => turn(id, () => tell(id))));
  for (const outcome of told) {
    if (outcome.status === 'rejected') logger.error('name servers not followed', { error: messageOf(outcome.reason) });
  }
}

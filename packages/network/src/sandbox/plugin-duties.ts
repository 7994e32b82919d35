import { leaseId } from '../address/lease.ts';
import { isPlugged } from '../endpoint/endpoint-factory.ts';
import type { DebtMessage } from '../remote/remote-model.ts';
import type { Joined } from '../route/gateway.ts';
import type { SandboxesContext } from './sandbox-context.ts';

type Context = Pick<SandboxesContext, 'state' | 'remote'>;

/**
 * Plugins learn by which of their endpoints the ports of a sandbox are reached.
 *
 * @param anew also those that have been told so: the ports are others now.
 * @throws FairleadError of a plugin that refuses; the signal's reason.
 */
export async function leadPorts(
  { state, remote }: Context,
  id: string,
  signal: AbortSignal | undefined,
  anew = false,
): Promise<void> {
  if (!state.joined(id).some(({ network }) => network.remote !== undefined)) return;
  await (await remote?.())?.lead(id, anew, signal);
}

/** Plugins are told what they have to be told about endpoints that are no more. Never rejects. */
export async function payDebts(
  { remote }: Context,
  joined: readonly Joined[],
  kinds: readonly DebtMessage['kind'][],
): Promise<void> {
  if (!joined.some(({ network }) => isPlugged(network))) return;
  const abouts = new Set(joined.flatMap(({ endpoint }) => [endpoint.id, leaseId(endpoint.network, endpoint.owner)]));
  await (await remote?.())?.pay(({ about, message }) => abouts.has(about) && kinds.includes(message.kind));
}

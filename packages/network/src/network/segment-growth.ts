import { lastSegment, withoutIdleSegments, withSegment } from '../bridge/segments.ts';
import { diff } from '../kernel/diff.ts';
import { applyThoroughly } from '../kernel/thorough-apply.ts';
import type { KernelPort } from '../kernel-port.ts';
import type { Network } from '../model.ts';
import type { NetworkState } from '../state.ts';

/**
 * Make the further bridges that networks have got. They are there when this returns its promise, for nothing of it waits in
 * the kernel: whoever is put on one next, in whatever sandbox, finds it.
 */
export function growNetworks(
  state: NetworkState,
  kernel: KernelPort,
  grown: readonly { readonly before: Network; readonly after: Network }[],
): Promise<void> {
  const changes = grown.flatMap(({ before, after }) =>
    diff(state.networkFragment(after), state.networkFragment(before)),
  );
  return kernel.apply(changes);
}

/** Take further bridges away that nobody is on: those who were to come could not. */
export async function takeBackGrowth(
  state: NetworkState,
  kernel: KernelPort,
  grown: readonly { readonly before: Network }[],
): Promise<void> {
  for (const { before } of grown) {
    const network = state.networks.get(before.id);
    if (network === undefined) continue;
    const shrunk = forgetIdleSegments(state, network);
    await applyThoroughly(kernel, diff(state.networkFragment(shrunk), state.networkFragment(network)));
  }
}

/** Forget further bridges of a network that nobody is on. */
export function forgetIdleSegments({ networks, endpoints }: NetworkState, network: Network): Network {
  const shrunk = withoutIdleSegments(network, endpoints.onNetwork(network.id));
  return shrunk === network ? network : networks.put(shrunk);
}

/** A network with all the bridges that somebody is on, whatever it knew of them before. */
export function keepUsedSegments(endpoints: NetworkState['endpoints'], network: Network): Network {
  return withSegment(network, lastSegment(endpoints.onNetwork(network.id)));
}

import { isOwnAlias } from '@fairlead/drivers';
import { identityOf, type KernelObject } from '@fairlead/netlink';
import type { Network } from '../model.ts';
import type { Claim } from '../watch/claim.ts';

/** Whether another engine of this host takes a bridge for its own. */
export type IsShared = (bridge: string) => boolean;

/**
 * Of what is ours in the host's namespace that which may be changed and taken away: a bridge that another engine takes for
 * its own, or that somebody has plugged something into, stays when nobody of ours wants it, with what addresses it has; and
 * where we want it, too, what the other engine has added to it is not ours.
 *
 * @param own what says that it is ours, and what is wanted.
 * @param host everything that is there.
 */
export function withoutShared(
  own: readonly KernelObject[],
  desired: readonly KernelObject[],
  host: readonly KernelObject[],
  isShared: IsShared,
): KernelObject[] {
  const wanted = new Set(desired.map(identityOf));
  const known = new Map<string, boolean>();
  const isKept = (bridge: string): boolean => {
    const kept = known.get(bridge) ?? (isShared(bridge) || (!isWanted(bridge) && hasPortsOfOthers(bridge, host)));
    known.set(bridge, kept);
    return kept;
  };
  const isWanted = (bridge: string) => desired.some((object) => object.kind === 'link' && object.name === bridge);
  return own.filter((object) => {
    if (wanted.has(identityOf(object))) return true;
    if (object.kind === 'link') return object.type.kind !== 'bridge' || !isKept(object.name);
    return object.kind !== 'address' || !isKept(object.link);
  });
}

function hasPortsOfOthers(bridge: string, host: readonly KernelObject[]): boolean {
  return host.some((object) => object.kind === 'link' && object.master === bridge && !isOwnAlias(object.alias));
}

/** What there is to say of a network whose bridge another engine takes for its own: a sentence, or none. */
export function sharing({ bridge, subnets }: Pick<Network, 'bridge' | 'subnets'>, isShared: IsShared): string[] {
  if (bridge === undefined || !isShared(bridge.name)) return [];
  const places = subnets.map(({ subnet }) => subnet).join(' and ');
  return [
    `Docker's own engine (dockerd) has come to use ${bridge.name} as well: both give addresses of ${places} to containers, ` +
      'and dockerd does not look which are in use. Start either of them with a --bridge of its own; this one chooses ' +
      'another by itself when it starts while none of its containers is on this network',
  ];
}

/** The same for the journal. */
export function sharingClaim({ name, bridge, subnets }: Pick<Network, 'name' | 'bridge' | 'subnets'>): Claim {
  const places = subnets.map(({ subnet }) => subnet).join(' and ');
  return {
    program: 'dockerd',
    name: `has come to use ${bridge?.name}, the bridge of network ${name}`,
    details: [
      `both engines give addresses of ${places}: this one gives those at the end from now on, and none that is in use`,
      'start either of them with a --bridge of its own',
    ],
  };
}

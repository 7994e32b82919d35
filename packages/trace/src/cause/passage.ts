import type { Case } from '../model/case.ts';

/** True when it did not get to where it was to get. */
export function isStuck({ outcome, facts, observation }: Case): boolean {
  if (outcome.drop?.reason === 'NETFILTER_DROP' || outcome.reply?.role === 'answer') return false;
  return !observation.sightings.some(
    ({ role, event, namespace, carrier }) =>
      role === 'request' && event === 'received' && namespace === facts.destination?.inode && carrier === undefined,
  );
}

/** True for a packet that the host routes, rather than a bridge of it. */
export function wentThroughHost({ source, destination }: Case): boolean {
  if (source.arrival || source.container === undefined) return true;
  const own = source.container.attachments.map(({ network }) => network);
  return (
    destination.published || destination.container?.attachments.every(({ network }) => !own.includes(network)) !== false
  );
}

import type { IpAddress } from '@fairlead/base';
import type { AnswerWay } from '../model/facts.ts';
import type { Sighting } from '../model/hops.ts';
import { askRoute } from './namespace-facts.ts';
import type { Namespaces } from './namespaces.ts';
import type { PlaceMap } from './place-map.ts';

/**
 * Ask for the route of an answer where it was seen last: the one by which it was sent, or by which it was to be sent on to
 * who asked. Nothing when it ended in another way.
 *
 * @param asker address of the one who asked.
 */
export function askAnswerWay(
  sightings: readonly Sighting[],
  asker: IpAddress,
  { places, namespaces }: { readonly places: PlaceMap; readonly namespaces: Namespaces },
): AnswerWay | undefined {
  const own = sightings.filter(({ role, event }) => role === 'answer' && event !== 'used');
  const forOthers = own.filter(({ reason }) => reason === 'OTHERHOST');
  // Whoever got it and was not meant has passed it over.
  const answers = own.filter(
    ({ event, namespace, device }) =>
      event === 'sent' ||
      !forOthers.some((each) => each.namespace === namespace && each.device?.index === device?.index),
  );
  const last = answers.at(-1);
  const name = places.namespaceOf(last?.namespace ?? 0);
  if (last === undefined || last.event === 'dropped' || last.carrier !== undefined || name === undefined)
    return undefined;
  const { namespace: inode, mark, header, event, device: lastDevice } = last;
  // Its address is translated back before it is sent on.
  const destination = event === 'sent' ? header.destination : asker;
  const came = answers.findLast((each) => each.event === 'received' && each.namespace === inode);
  // Routing comes before the translation of the source.
  const source = came?.header.source ?? header.source;
  const route = askRoute(namespaces.get(name), {
    destination,
    source,
    ...(came?.device && { incoming: came.device.index }),
    ...(mark !== undefined && { mark }),
  });
  const device = namespaces.link(name, (event === 'sent' ? lastDevice?.index : route.route?.outgoing) ?? 0);
  return device && { place: places.nameOf(inode), inode, event, device, source, destination, route };
}

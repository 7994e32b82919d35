import type { NamespaceName } from '@fairlead/netlink';
import { isTunnel } from '@fairlead/netlink/tracing';
import type { ContainerPlace, Directory } from '../model/directory.ts';
import type { Namespaces } from './namespaces.ts';
import type { PlaceMap } from './place-map.ts';
import type { Probe } from './probe.ts';
import type { WatchedNamespace } from './rule-watch.ts';
import { farEndsOf, namespacesWith, otherNamespaces } from './tunnel-ends.ts';

/** Who sends a probe, and who is to get it. */
export interface ProbeEnds {
  readonly namespaces: Namespaces;
  readonly places: PlaceMap;
  readonly directory: Directory;
  readonly sourceContainer?: ContainerPlace;
  readonly behind?: { readonly container: ContainerPlace };
}

/** Namespaces whose rules a probe may meet: of both ends, of the host, and of the far ends of their tunnels. */
export function watchedNamespaces(probe: Pick<Probe, 'namespace' | 'arrival'>, ends: ProbeEnds): WatchedNamespace[] {
  const { namespaces, places, behind, sourceContainer, directory } = ends;
  const names = new Set(['', probe.namespace, behind?.container.namespace ?? '']);
  const attachments = [sourceContainer, behind?.container].flatMap((container) => container?.attachments ?? []);
  const cables = attachments.flatMap(({ hostInterface }) => hostInterface ?? []);
  const onHost = [...new Set([...cables, ...(probe.arrival ? [probe.arrival.name] : [])])];
  const inside = [...new Set(attachments.flatMap((end) => end.interface ?? []))];
  const near = [...names].map((name) => watchedNamespace(ends, name, name === '' ? onHost : inside));
  const farEnds = near.flatMap(({ namespace, tunnels }) => (tunnels.length === 0 ? [] : farEndsOf(namespace)));
  const others = farEnds.length === 0 ? [] : otherNamespaces(places.namespaceNames(), directory);
  return [...near, ...namespacesWith(farEnds, others, namespaces).map((name) => watchedNamespace(ends, name, []))];
}

function watchedNamespace(
  { namespaces, places }: ProbeEnds,
  name: NamespaceName,
  wanted: readonly string[],
): WatchedNamespace {
  const namespace = namespaces.get(name);
  const links = namespace.links();
  const kinds = links.flatMap(({ kind }) => (kind !== undefined && isTunnel(kind) ? [kind] : []));
  return {
    namespace,
    inode: places.inodeOf(name),
    devices: wanted.filter((device) => links.some((link) => link.name === device)),
    tunnels: [...new Set(kinds)],
  };
}

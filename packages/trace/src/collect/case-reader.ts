import type { IpAddress } from '@fairlead/base';
import { backendOf } from '../model/balanced.ts';
import type { Case } from '../model/case.ts';
import { listenerAt } from '../model/listener.ts';
import type { Observation, Outcome } from '../model/outcome.ts';
import { namespaceOf, type ProbeRoute } from '../probe-route.ts';
import { gatherFacts } from './fact-gathering.ts';
import { type GroupPrograms, groupProgramsOf, suspectPrograms } from './group-programs.ts';
import type { LegacyWatch } from './legacy-watch.ts';
import type { Probe, SentProbe } from './probe.ts';
import { processOfSocket, type SocketProcess } from './socket-table.ts';

/** What became of a probe, and everything by which more can be found out. */
export interface CaseMaterial {
  readonly probe: Probe;
  readonly route: ProbeRoute;
  readonly sent: SentProbe;
  readonly legacy: LegacyWatch;
  /** Programs of the source's control group. */
  readonly programs?: GroupPrograms;
  readonly observation: Observation;
  readonly outcome: Outcome;
}

/** Put together what is known of a probe, with what the kernel says to questions about it. */
export function readCase(seen: CaseMaterial): Case {
  const { material, address } = atBackend(seen);
  const { probe, route, sent, observation, outcome } = material;
  const { places, directory, behind, local, targetName, sourceName, sourceContainer } = route;
  const { protocol, family, port, size, arrival, namespace, source, destination } = probe;
  const facts = gatherFacts(material);
  const there = namespaceOf(route);
  const innerPort = protocol === 'icmp' ? undefined : (behind?.port ?? port);
  const published = behind?.published === true;
  const listening = innerPort === undefined ? undefined : listenerAt(facts.sockets, address, innerPort, published);
  const owner = listening && there !== undefined ? processOfSocket(listening.inode, places.inodeOf(there)) : undefined;
  return {
    protocol,
    family,
    source: {
      name: sourceName,
      address: source,
      namespace,
      arrival: arrival !== undefined,
      ...(sourceContainer && { container: sourceContainer }),
    },
    destination: {
      name: targetName,
      address: destination,
      published,
      local,
      ...(protocol !== 'icmp' && { port }),
      ...(innerPort !== undefined && { innerPort }),
      ...(behind && { container: behind.container }),
      ...(there !== undefined && { namespace: there }),
    },
    ...(size !== undefined && { size }),
    ...(route.name && { name: route.name }),
    ...(sent.failure !== undefined && { sendFailure: sent.failure }),
    observation,
    outcome,
    facts: { ...facts, ...suspects(material, owner) },
    directory,
    ...(owner && { listener: `${owner.name} (pid ${owner.pid}) in ${targetName}` }),
    ...(owner?.halt !== undefined && { halted: { ...owner, halt: owner.halt } }),
    placeName: (inode) => places.nameOf(inode),
    namespaceName: (inode) => places.namespaceOf(inode),
  };
}

/** What was for a service is judged by the container that it was given to. */
function atBackend(material: CaseMaterial): { readonly material: CaseMaterial; readonly address: IpAddress } {
  const { route, observation, probe } = material;
  const found = route.behind === undefined ? backendOf(observation, route.directory) : undefined;
  if (found === undefined) return { material, address: probe.destination };
  const { address, ...backend } = found;
  const { namespace } = backend.container;
  const there = namespace === undefined ? {} : { destinationNamespace: route.places.inodeOf(namespace) };
  const given = {
    route: { ...route, behind: { ...backend, published: false } },
    observation: { ...observation, ...there },
  };
  return { material: { ...material, ...given }, address };
}

/** Programs of control groups that may have refused it; what was delivered, nobody has. */
function suspects(
  { programs, route, outcome }: CaseMaterial,
  owner: SocketProcess | undefined,
): Partial<Case['facts']> {
  if (outcome.verdict === 'delivered') return {};
  const theirs = groupProgramsOf(owner?.pid ?? route.behind?.container.pid);
  const asked = (group: GroupPrograms) => suspectPrograms(group, outcome.drop, route);
  return {
    ...(programs && { sourcePrograms: asked(programs) }),
    ...(theirs && { destinationPrograms: asked(theirs) }),
  };
}

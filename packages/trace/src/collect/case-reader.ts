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
export function readCase(material: CaseMaterial): Case {
  const { probe, route, sent, observation, outcome } = material;
  const { places, directory, behind, local, targetName, sourceName, sourceContainer } = route;
  const { protocol, family, port, size, arrival, namespace, source, destination } = probe;
  const facts = gatherFacts(material);
  const there = namespaceOf(route);
  const innerPort = protocol === 'icmp' ? undefined : (behind?.port ?? port);
  const published = behind?.published === true;
  const listening = innerPort === undefined ? undefined : listenerAt(facts.sockets, destination, innerPort, published);
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

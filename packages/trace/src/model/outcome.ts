import type { ConnectionState } from '@fairlead/kernel/tracing';
import type { RulePass, Sighting } from './hops.ts';
import type { Hop, RuleStep, Verdict } from './report.ts';

/** What is to be judged. */
export interface Observation {
  readonly sightings: readonly Sighting[];
  readonly passes: readonly RulePass[];
  /** Number of the namespace that the probe was sent from; of an arrival, that of the host. */
  readonly sourceNamespace: number;
  /** Number of the namespace that it is meant for; absent when that is not on this machine. */
  readonly destinationNamespace?: number;
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  /** True when it came by the wire, and the answer is to go there. */
  readonly arrival: boolean;
  /** Interface by which an arrival came. */
  readonly arrivalDevice?: string;
  /** True when data came back to the probe's own socket, which carry no tag. */
  readonly answeredWithData: boolean;
  /** The kernel did not send it. */
  readonly notSent: boolean;
  /** How the connection stands, when it is a real one. */
  readonly connection?: ConnectionState;
}

/** What became of it, before anybody asks why. */
export interface Outcome {
  readonly verdict: Verdict;
  /** The drop that decided. */
  readonly drop?: Sighting;
  /** The rule that decided. */
  readonly rule?: RuleStep;
  /** The first answer or error that was sent. */
  readonly reply?: Sighting;
  /** The last place at which the probe itself was seen. */
  readonly last?: Sighting;
  /** True when the answer was seen where it was to come back to. */
  readonly returned: boolean;
  /** Sightings that mean nothing: copies that nobody waited for, ends that were to be expected. */
  readonly harmless: ReadonlySet<Sighting>;
}

/** Judge what was seen. */
export function outcomeOf(observation: Observation): Outcome {
  const { sightings } = observation;
  const harmless = harmlessIn(observation);
  const relevant = sightings.filter((sighting) => !harmless.has(sighting));
  const requests = relevant.filter(({ role }) => role === 'request');
  const last = requests.findLast(({ event }) => event !== 'used');
  const reply = relevant.find(({ role, event }) => role !== 'request' && event === 'sent') ?? answerFromWire(relevant);
  const returned = cameBack(observation, relevant);
  const common = { harmless, returned, ...(reply && { reply }), ...(last && { last }) };
  const drop = decisiveDrop(relevant);
  const rule = drop === undefined ? undefined : decisiveRule(observation, drop);
  if (reply !== undefined && reply.role === 'answer') return answered(observation, relevant, reply, common);
  if (drop !== undefined) {
    const refused = drop.reason === 'NO_SOCKET' && reply !== undefined && rule === undefined;
    return { verdict: refused ? 'refused' : 'dropped', drop, ...(rule && { rule }), ...common };
  }
  if (reply !== undefined) return { verdict: saysNobodyListens(reply) ? 'refused' : 'dropped', ...common };
  if (observation.notSent) return { verdict: 'dropped', ...common };
  if (isDelivered(observation, relevant)) return { verdict: 'delivered', ...common };
  return { verdict: leftMachine(observation, relevant) ? 'lost' : 'unknown', ...common };
}

/** ICMP's "port unreachable" (RFC 792; RFC 4443, 3.1): the same number means something else in the other family. */
function saysNobodyListens({ header: { family, type, code } }: Sighting): boolean {
  return family === 4 ? type === 3 && code === 3 : type === 1 && code === 4;
}

/** An answer that began outside is first seen when it comes in. */
function answerFromWire(sightings: readonly Sighting[]): Sighting | undefined {
  return sightings.find(({ role, event }) => role !== 'request' && event === 'received');
}

function answered(
  observation: Observation,
  sightings: readonly Sighting[],
  reply: Sighting,
  common: Pick<Outcome, 'harmless' | 'returned' | 'reply' | 'last'>,
): Outcome {
  const isRefusal = reply.header.flags?.includes('RST') === true;
  const requestDrop = sightings.findLast(({ role, event }) => role === 'request' && event === 'dropped');
  const rule = requestDrop === undefined ? rejectingRule(observation) : decisiveRule(observation, requestDrop);
  if (isRefusal && rule !== undefined)
    return { verdict: 'dropped', ...(requestDrop && { drop: requestDrop }), rule, ...common };
  const answerDrop = sightings.findLast(({ role, event }) => role === 'answer' && event === 'dropped');
  if (answerDrop !== undefined && !common.returned) {
    const answerRule = decisiveRule(observation, answerDrop);
    return { verdict: 'dropped', drop: answerDrop, ...(answerRule && { rule: answerRule }), ...common };
  }
  if (isRefusal) return { verdict: 'refused', ...(requestDrop && { drop: requestDrop }), ...common };
  return { verdict: common.returned ? 'delivered' : 'unknown', ...common };
}

/** The answer was seen where the probe began, or went out by the wire that the probe is said to have come by. */
function cameBack(observation: Observation, sightings: readonly Sighting[]): boolean {
  const { sourceNamespace, arrival, arrivalDevice } = observation;
  const answers = sightings.filter(({ role }) => role === 'answer');
  if (isStoppedAtHome(answers, sourceNamespace)) return false;
  if (arrival) {
    const wentBy = ({ event, namespace, device }: Sighting) =>
      event === 'sent' && namespace === sourceNamespace && (device?.name ?? arrivalDevice) === arrivalDevice;
    // Copies for programs that listen to all packets (tcpdump) end anywhere, and at any time.
    return answers.findLast(({ event }) => event !== 'used')?.event === 'sent' && answers.some(wentBy);
  }
  // A bridge that does not know where an address is sends to everybody: what was for another is no answer.
  const forOthers = answers.filter(({ reason, namespace }) => reason === 'OTHERHOST' && namespace === sourceNamespace);
  const cameBy = (device: Sighting['device']) => !forOthers.some((drop) => drop.device?.index === device?.index);
  const isHere = ({ event, namespace, device, carrier }: Sighting) =>
    event === 'received' && namespace === sourceNamespace && carrier === undefined && cameBy(device);
  if (answers.some(isHere)) return true;
  return endedAtHome(observation);
}

/** Reasons for which an answer that has come is kept from the program that waits for it. */
const stoppedAtHome = /^(NETFILTER_DROP|IP_RPFILTER|XFRM_POLICY|(IP|TCP|UDP|ICMP|ICMPV6)_CSUM)$/;

/** The answer came where the probe began, and was stopped there: by a rule of the source's own, say. */
function isStoppedAtHome(answers: readonly Sighting[], sourceNamespace: number): boolean {
  const first = answers.find(
    ({ event, namespace, reason }) =>
      event === 'dropped' && namespace === sourceNamespace && reason !== 'PACKET_SOCK_ERROR',
  );
  return stoppedAtHome.test(first?.reason ?? '');
}

/**
 * What a macvlan gets from its parent is not reported as received a second time: that the probe's own namespace used it
 * up, or found no socket for it, says that it came.
 */
function endedAtHome({ sightings, sourceNamespace }: Observation): boolean {
  const last = sightings.findLast(({ role, namespace }) => role === 'answer' && namespace === sourceNamespace);
  return last?.event === 'used' || (last?.event === 'dropped' && last.reason === 'NO_SOCKET');
}

/** A datagram gets no answer from the kernel: it has arrived when its namespace took it and did not drop it. */
function isDelivered(observation: Observation, sightings: readonly Sighting[]): boolean {
  const { protocol, destinationNamespace, answeredWithData } = observation;
  if (answeredWithData) return true;
  if (protocol !== 'udp' || destinationNamespace === undefined) return false;
  const there = sightings.filter(
    ({ role, namespace, carrier }) => role === 'request' && namespace === destinationNamespace && carrier === undefined,
  );
  return there.at(-1)?.event === 'received' || there.at(-1)?.event === 'used';
}

/** It was last seen leaving by an interface, and nobody on this machine was seen to take it. */
function leftMachine(observation: Observation, sightings: readonly Sighting[]): boolean {
  const last = sightings.findLast(({ role, event }) => role === 'request' && event !== 'used');
  return last?.event === 'sent' && observation.destinationNamespace === undefined;
}

/**
 * Drops without meaning: at the probe's own port, whose answer nobody waits for; the copies that a bridge sends to
 * everybody while it does not know where an address is; and those for programs that listen to all packets (tcpdump) and
 * do not read fast enough.
 */
function harmlessIn(observation: Observation): Set<Sighting> {
  const { sightings, sourceNamespace } = observation;
  const harmless = new Set<Sighting>();
  const delivered = sightings.some(({ role, event }) => role === 'answer' && event === 'sent');
  for (const sighting of sightings) {
    if (sighting.event !== 'dropped') continue;
    const atHome = sighting.namespace === sourceNamespace && sighting.role !== 'request';
    const isCopy =
      sighting.reason === 'PACKET_SOCK_ERROR' ||
      (sighting.reason === 'OTHERHOST' && isCopyOf(sighting, observation, delivered));
    if ((atHome && sighting.reason === 'NO_SOCKET') || isCopy) harmless.add(sighting);
  }
  return harmless;
}

function isCopyOf(drop: Sighting, observation: Observation, delivered: boolean): boolean {
  const { sightings } = observation;
  if (drop.role !== 'request') return cameBack(observation, sightings);
  return delivered || wentOn(drop, sightings) || reached(drop, observation);
}

/** True when the destination took it: what others got were copies. */
function reached(drop: Sighting, { sightings, destinationNamespace }: Observation): boolean {
  if (destinationNamespace === undefined || drop.namespace === destinationNamespace) return false;
  const there = sightings.filter(({ role, namespace }) => role === drop.role && namespace === destinationNamespace);
  return there.some(({ event }) => event === 'received') && !there.some(({ reason }) => reason === 'OTHERHOST');
}

/** True when the packet was seen later in another place: what was dropped was a copy. */
function wentOn(drop: Sighting, sightings: readonly Sighting[]): boolean {
  return sightings.some(
    (other) =>
      other !== drop && other.role === drop.role && other.time > drop.time && other.namespace !== drop.namespace,
  );
}

/** The drop that ended it: the last one, and rather not that of a copy. */
function decisiveDrop(sightings: readonly Sighting[]): Sighting | undefined {
  const drops = sightings.filter(({ event }) => event === 'dropped');
  const own = drops.filter(({ role }) => role === 'request');
  const real = own.filter(({ reason }) => reason !== 'OTHERHOST');
  return real.at(-1) ?? own.at(-1) ?? drops.filter(({ role }) => role === 'answer').at(-1);
}

/** The rule that dropped it: the last one that it met there, if that is what it did. */
function decisiveRule({ passes }: Observation, drop: Sighting): RuleStep | undefined {
  const isCarried = drop.carrier !== undefined;
  const here = passes.filter(
    ({ namespace, role, carried = false }) =>
      namespace === drop.namespace && (role === undefined || role === drop.role) && carried === isCarried,
  );
  return here.flatMap(({ steps }) => steps).findLast((step) => step.verdict === 'drop' || step.rejects === true);
}

/** A rejection ends the packet without a drop of its own on some kernels. */
function rejectingRule({ passes }: Observation): RuleStep | undefined {
  return passes.flatMap(({ steps }) => steps).find(({ rejects }) => rejects === true);
}

/** Mark the hops that mean nothing. */
export function markHarmless(
  hops: readonly Hop[],
  ordered: readonly Sighting[],
  harmless: ReadonlySet<Sighting>,
): Hop[] {
  return hops.map((hop, index) => {
    const sighting = ordered[index];
    return sighting !== undefined && harmless.has(sighting) ? { ...hop, harmless: true } : hop;
  });
}

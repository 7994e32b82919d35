import { familyOf } from '@fairlead/base';
import { readHost } from '../collect/host-addresses.ts';
import { Namespaces } from '../collect/namespaces.ts';
import { Watch } from '../collect/watch.ts';
import { diversion } from '../doctor/proof-check.ts';
import type { Directory } from '../model/directory.ts';
import type { TraceReport } from '../model/report.ts';
import { tracePacket } from '../trace.ts';
import { type Audience, audienceOf, audienceText, type PublishedPort, probeFor } from './audience.ts';

/** Who can reach a published port. */
export interface PortReach {
  readonly port: PublishedPort;
  readonly audience: Audience;
  /** The same in words, with sources and interfaces. */
  readonly who: string;
  /** Why not even those get there, with what shows it. */
  readonly blocked?: { readonly code: string; readonly text: string; readonly evidence: readonly string[] };
  /** What a packet has shown, or why none was sent. */
  readonly proof: string;
  /** What of other tools' rules may be in the way, where no packet has shown whether it is. */
  readonly obstacles: readonly string[];
}

/** Packets that are sent for one container; each costs some tens of milliseconds. */
const PROBES = 24;

/**
 * Find out who can reach the ports of a container: what its bindings and policies say, and whether a packet of somebody who
 * may ask gets there past the rules of all others.
 *
 * @param obstacles what is known of other tools' rules without a packet.
 */
export async function examineReach(
  container: string,
  ports: readonly PublishedPort[],
  context: { readonly directory: Directory; readonly obstacles: readonly string[] },
): Promise<PortReach[]> {
  using namespaces = new Namespaces();
  using watch = new Watch();
  const host = readHost(namespaces.get(''));
  const reached: PortReach[] = [];
  for (const port of ports) {
    const probe = probeFor(port, host.device(familyOf(port.hostAddress)));
    const base = { port, audience: audienceOf(port), who: audienceText(port) };
    if (typeof probe === 'string' || reached.length >= PROBES || !watch.isFresh) {
      const reason = typeof probe === 'string' ? probe : 'too many ports';
      const obstacles = base.audience === 'this host' ? [] : context.obstacles;
      reached.push({ ...base, proof: `not tried: ${reason}`, obstacles });
      continue;
    }
    const report = await tracePacket(probe, context.directory, { watch });
    reached.push({ ...base, ...judgement(container, report, context.directory) });
  }
  return reached;
}

/** What a packet from somebody who may ask has shown. */
function judgement(
  container: string,
  report: TraceReport,
  directory: Directory,
): Pick<PortReach, 'blocked' | 'proof' | 'obstacles'> {
  const { verdict, cause, summary, probe } = report;
  const proof = `${probe === undefined ? '' : `a packet from ${probe.source.address}: `}${summary}`;
  if (verdict === 'delivered') {
    const elsewhere = isServed(container, report, directory) ? diversion(container, report) : undefined;
    if (elsewhere === undefined) return { proof, obstacles: [] };
    const text = `The port leads to ${elsewhere.place}${elsewhere.rule === undefined ? '' : `: a rule of ${elsewhere.rule.owner} comes first`}.`;
    return { proof, obstacles: [], blocked: { code: 'port-taken', text, evidence: elsewhere.evidence } };
  }
  if (cause === undefined || verdict === 'lost' || verdict === 'unknown') return { proof, obstacles: [] };
  return { proof, obstacles: [], blocked: cause };
}

/** A container that has no address of the family is reached by the relay, which is a program of the host. */
function isServed(name: string, { probe }: TraceReport, { containers }: Directory): boolean {
  const attachments = containers.find((container) => container.name === name)?.attachments ?? [];
  return attachments.some(({ ipv4, ipv6 }) => (probe?.family === 6 ? ipv6 : ipv4) !== undefined);
}

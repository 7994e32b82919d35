import { traceFile } from './capture/trace-file.ts';
import { readCase } from './collect/case-reader.ts';
import { sendFromGroup } from './collect/group-probe.ts';
import { type GroupPrograms, groupProgramsOf } from './collect/group-programs.ts';
import { LegacyWatch } from './collect/legacy-watch.ts';
import { type Probe, type SentProbe, sendProbe } from './collect/probe.ts';
import { readRuleset } from './collect/ruleset.ts';
import { settle } from './collect/settle.ts';
import { watchedNamespaces } from './collect/watched-namespaces.ts';
import type { Case } from './model/case.ts';
import { buildHops } from './model/hops.ts';
import { markHarmless, outcomeOf } from './model/outcome.ts';
import type { Capabilities, Hop, ProbeSummary } from './model/report.ts';
import { ATTENTION } from './model/rule-hours.ts';
import { type AskRules, rulePasses, traceTablePrefix, unknownRules } from './model/rule-passes.ts';
import { summaryOf } from './model/summary.ts';
import { mayBeRules, unwatchedOf } from './model/unwatched.ts';
import type { ProbeRoute } from './probe-route.ts';
import { ProbeView } from './probe-view.ts';

/** What was seen, in order, and what it comes to. */
export interface Followed {
  readonly trace: Case;
  readonly hops: readonly Hop[];
  readonly capabilities: Capabilities;
  readonly probe: ProbeSummary;
  readonly summary: string;
  /** True when rules that nobody watched may have had a part in it: what is said of it then is not sure. */
  readonly mayBeRules: boolean;
  /** A pcapng file in base64, when one was asked for. */
  readonly pcapng?: string;
}

const LATE = `the rules that it met after nothing was seen of it for ${ATTENTION} ms: they are watched no longer by then`;

/** Send a probe, watch it, and gather what explains what became of it. */
export async function followProbe(probe: Probe, route: ProbeRoute): Promise<Followed> {
  const { watch } = route;
  const watched = watchedNamespaces(probe, route);
  watch.attend(watched);
  const legacy = new LegacyWatch(watched.map(({ namespace }) => namespace));
  const programs = probe.arrival === undefined ? groupProgramsOf(route.sourceContainer?.pid) : undefined;
  using sent = await send(probe, route, programs);
  const probeSummary = summaryOfProbe(probe, route, sent.sourcePort);
  route.tell?.({ probe: probeSummary });
  const view = new ProbeView(probe, route, sent);
  const patience = { milliseconds: route.patience, silent: probe.protocol === 'udp' };
  using _ = sent.listen(() => watch.tell());
  await settle(() => view.look(), watch, patience);
  const sightings = view.sightings();
  route.release?.();
  // The rules are read while the tables with them are still what they were.
  const unwatched = unwatchedOf(sightings, watch.gaps);
  const passes = rulePasses(watch.rules.events, probe.tag, rulesetReader(route), sightings);
  const observation = view.observe(sightings, passes);
  const outcome = outcomeOf(observation);
  const trace = readCase({ probe, route, sent, legacy, observation, outcome, ...(programs && { programs }) });
  // That the kernel used a packet up is worth no line: where it got is said by its socket.
  const places = sightings.filter(({ event }) => event !== 'used');
  const hops = buildHops({ sightings: places, passes, unwatched, placeName: (inode) => route.places.nameOf(inode) });
  const file =
    route.pcapng === true ? traceFile({ sightings: places, hops, ...route, clockOffset: clockOffset() }) : undefined;
  return {
    trace,
    hops: markHarmless(hops, places, outcome.harmless),
    capabilities: {
      packets: watch.packets !== undefined,
      rules: watch.rules.missing.length === 0 && unwatched.size === 0,
      missing: [...watch.missing, ...unasked(programs, sent), ...(unwatched.size === 0 ? [] : [LATE])],
    },
    mayBeRules: mayBeRules(outcome, sightings, unwatched),
    probe: probeSummary,
    summary: summaryOf(trace),
    ...(file && { pcapng: Buffer.from(file).toString('base64') }),
  };
}

/** Programs that were not asked about the probe, since it could not be sent as a process of the container. */
function unasked(programs: GroupPrograms | undefined, { fromGroup }: SentProbe): string[] {
  if (programs === undefined || fromGroup) return [];
  const names = programs.programs.map(({ name, id }) => name || `id ${id}`);
  return [`the control group ${programs.group} was not entered: its programs were not asked (${names.join(', ')})`];
}

/** As a process of the container would where somebody asks programs about those, else from here, which is faster. */
async function send(probe: Probe, route: ProbeRoute, programs: GroupPrograms | undefined): Promise<SentProbe> {
  const namespace = route.namespaces.get(probe.namespace);
  const sent = programs && (await sendFromGroup(probe, programs.group, namespace));
  return sent ?? sendProbe(probe, namespace);
}

/** Programs read the monotonic clock. */
function clockOffset(): bigint {
  return BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
}

function rulesetReader({ namespaces, places }: ProbeRoute): AskRules {
  return (inode, met) => {
    const name = places.namespaceOf(inode);
    if (name === undefined) return unknownRules;
    const wanted = met.filter(({ table }) => !table.startsWith(traceTablePrefix));
    return readRuleset(namespaces.get(name), wanted);
  };
}

function summaryOfProbe(probe: Probe, route: ProbeRoute, sourcePort: number): ProbeSummary {
  const { protocol, family, source, destination, port, tag, size } = probe;
  const mode = modeOf(probe);
  return {
    mode,
    family,
    protocol,
    source: { name: route.sourceName, address: source, ...(protocol !== 'icmp' && { port: sourcePort }) },
    destination: { name: route.targetName, address: destination, ...(protocol !== 'icmp' && { port }) },
    tag: tag.toString(16).padStart(8, '0'),
    ...(size !== undefined && { size }),
  };
}

function modeOf({ arrival, connect, protocol }: Probe): ProbeSummary['mode'] {
  if (arrival !== undefined) return 'arrival';
  if (connect) return 'connection';
  return ({ tcp: 'half-open', udp: 'datagram', icmp: 'echo' } as const)[protocol];
}

import { setTimeout } from 'node:timers/promises';
import { Kernel, Recorder } from '@fairlead/kernel';
import { seriousReasons } from '../cause/silent-neighbor.ts';
import { readHost } from '../collect/host-addresses.ts';
import { kernelLayout } from '../collect/layout-source.ts';
import { Namespaces } from '../collect/namespaces.ts';
import { neighborDropsOf } from '../collect/neighbor-drops.ts';
import { PlaceMap } from '../collect/place-map.ts';
import { Watch } from '../collect/watch.ts';
import type { Directory } from '../model/directory.ts';
import { tracePacket } from '../trace.ts';
import { runChecks } from './checks.ts';
import {
  type CheckResult,
  confirmedResults,
  type DoctorReport,
  type Finding,
  isTrouble,
  mergeFindings,
  severities,
} from './finding.ts';
import type { HostState, ProofOf, Silence } from './host-state.ts';
import { askNeighbours } from './neighbour-questions.ts';
import { observeHost } from './observe-host.ts';
import type { PlannedProof } from './planned-proof.ts';
import { isSuspect } from './proof-check.ts';
import { planProofs } from './proofs.ts';

/** Proofs under way at a time: they mostly wait. */
const AT_A_TIME = 8;

/** Milliseconds until the second look: what is under way at the first (a container ends, its cable goes) is over then. */
const SETTLING = 300;

/** One look at the host. */
interface Look {
  readonly state: HostState;
  readonly results: readonly CheckResult[];
  /** Purposes of the packets that have shown trouble. */
  readonly suspects: ReadonlySet<string>;
  /** Packets that were sent for it. */
  readonly sent: number;
}

/**
 * Look at the host, send packets where they can prove something, and say what is wrong. Nothing is changed. Containers
 * come and go meanwhile, so trouble is what is still there when it is looked for again.
 */
export async function examineHost(readDirectory: () => Directory): Promise<DoctorReport> {
  const start = performance.now();
  using kernel = new Kernel(new Recorder());
  const first = await look(kernel, readDirectory());
  let { results } = first;
  let probes = first.sent;
  if (results.some(({ findings }) => findings.some(isTrouble))) {
    await setTimeout(SETTLING);
    const second = await look(kernel, readDirectory(), first);
    results = confirmedResults(results, second.results);
    probes += second.sent;
  }
  const findings = mergeFindings(results.flatMap((result) => result.findings));
  return {
    schema: 'fairlead.doctor/1',
    findings: findings.toSorted(bySeverity),
    passed: results.flatMap(({ check, findings: own }) => (own.some(isTrouble) ? [] : [check])),
    probes,
    milliseconds: performance.now() - start,
  };
}

/** @param before a look that has shown trouble: only packets that did are sent again, what others have shown still counts. */
async function look(kernel: Kernel, directory: Directory, before?: Look): Promise<Look> {
  using namespaces = new Namespaces();
  const seen = await observeHost(kernel, namespaces, directory, before?.state);
  const planned = planProofs(directory, readHost(namespaces.get('')), seen.inside);
  using watch = new Watch();
  watch.look();
  const wanted = planned.filter(({ purpose }) => before?.suspects.has(JSON.stringify(purpose)) ?? true);
  const looks = [prove(wanted, directory, watch), ask(seen, namespaces, watch)] as const;
  // Where one fails, the other still uses what is closed behind it.
  await Promise.allSettled(looks);
  const [proofs, answers] = await Promise.all(looks);
  const kept = before?.state.proofs.filter(({ purpose }) => !before.suspects.has(JSON.stringify(purpose))) ?? [];
  const features = { missingFeatures: missingFeatures(kernel) };
  const state = { ...seen, ...features, proofs: [...proofs, ...kept], ...answers };
  const suspects = new Set(
    state.proofs.filter((proof) => isSuspect(state, proof)).map(({ purpose }) => JSON.stringify(purpose)),
  );
  return { state, results: runChecks(state), suspects, sent: proofs.length };
}

async function ask(
  { directory, inside }: Pick<HostState, 'directory' | 'inside'>,
  namespaces: Namespaces,
  { packets }: Watch,
): Promise<Pick<HostState, 'silences' | 'rivalries'>> {
  const { silences, rivalries } = await askNeighbours(directory, inside);
  if (silences.length === 0) return { silences, rivalries };
  packets?.drain();
  const places = new PlaceMap(directory);
  const drops = packets ? neighborDropsOf(packets.neighborDrops, { places, namespaces }, packets.reasons) : [];
  const withDrop = (silence: Silence): Silence => {
    const drop = drops.find(({ target, reason }) => target === silence.target && seriousReasons.test(reason));
    return drop === undefined ? silence : { ...silence, drop };
  };
  return { silences: silences.map(withDrop), rivalries };
}

async function prove(planned: readonly PlannedProof[], directory: Directory, watch: Watch): Promise<ProofOf[]> {
  const proofs: ProofOf[] = [];
  for (let index = 0; index < planned.length && watch.isFresh; index += AT_A_TIME) {
    const batch = planned.slice(index, index + AT_A_TIME);
    const traces = batch.map(({ request }) => tracePacket(request, directory, { watch }));
    await Promise.allSettled(traces);
    const reports = await Promise.all(traces);
    batch.forEach(({ purpose }, at) => {
      const report = reports[at];
      if (report !== undefined) proofs.push({ purpose, report });
    });
  }
  return proofs;
}

function missingFeatures(kernel: Kernel): string[] {
  const wanted = {
    'protected tables': 'nftables tables that others’ flush leaves alone (Linux 6.9)',
    'transparent proxying': 'transparent proxying, by which ports of the other IP version are relayed',
    'drawn numbers': 'numbers that connections draw, by which services of a swarm are balanced',
  } as const;
  const missing: string[] = (['protected tables', 'transparent proxying', 'drawn numbers'] as const)
    .filter((feature) => !kernel.supports(feature))
    .map((feature) => wanted[feature]);
  try {
    kernelLayout();
  } catch {
    missing.push('description of its types (BTF): traces see rules, not packets');
  }
  return missing;
}

function bySeverity(a: Finding, b: Finding): number {
  return severities.indexOf(a.severity) - severities.indexOf(b.severity);
}

import { setTimeout } from 'node:timers/promises';
import { Kernel, Recorder } from '@fairlead/kernel';
import { readHost } from '../collect/host-addresses.ts';
import { Namespaces } from '../collect/namespaces.ts';
import { kernelLayout } from '../collect/packet-watch.ts';
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
  type Severity,
} from './finding.ts';
import type { ProofOf } from './host-state.ts';
import { observeHost } from './observe-host.ts';
import { isSuspect } from './proof-check.ts';
import { type PlannedProof, planProofs } from './proofs.ts';

/** Proofs under way at a time: they mostly wait. */
const AT_A_TIME = 4;

/** Milliseconds between looks: what is under way at the first (a container ends, its cable goes) is over by the last. */
const SETTLING: readonly number[] = [150, 450];

/** One look at the host. */
interface Look {
  readonly results: readonly CheckResult[];
  readonly probes: number;
  /** Purposes of the packets that have shown trouble. */
  readonly suspects: ReadonlySet<string>;
}

/**
 * Look at the host, send packets where they can prove something, and say what is wrong. Nothing is changed. Containers
 * come and go meanwhile, so trouble is what is still there when it is looked for again.
 */
export async function examineHost(readDirectory: () => Directory): Promise<DoctorReport> {
  const start = performance.now();
  using kernel = new Kernel(new Recorder());
  let { results, probes, suspects } = await look(kernel, readDirectory());
  for (const pause of SETTLING) {
    if (!results.some(({ findings }) => findings.some(isTrouble))) break;
    await setTimeout(pause);
    const next = await look(kernel, readDirectory(), suspects);
    results = confirmedResults(results, next.results);
    probes += next.probes;
    suspects = next.suspects;
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

/** @param wanted purposes of the packets to send; all of them when absent. */
async function look(kernel: Kernel, directory: Directory, wanted?: ReadonlySet<string>): Promise<Look> {
  using namespaces = new Namespaces();
  const seen = await observeHost(kernel, namespaces, directory);
  const planned = planProofs(directory, readHost(namespaces.get('')));
  const proofs = await prove(
    planned.filter(({ purpose }) => wanted?.has(JSON.stringify(purpose)) ?? true),
    directory,
  );
  const state = { ...seen, proofs, missingFeatures: missingFeatures(kernel) };
  const suspects = new Set(
    proofs.filter((proof) => isSuspect(state, proof)).map(({ purpose }) => JSON.stringify(purpose)),
  );
  return { results: runChecks(state), probes: proofs.length, suspects };
}

async function prove(planned: readonly PlannedProof[], directory: Directory): Promise<ProofOf[]> {
  const proofs: ProofOf[] = [];
  using watch = new Watch();
  for (let index = 0; index < planned.length && watch.isFresh; index += AT_A_TIME) {
    const batch = planned.slice(index, index + AT_A_TIME);
    const reports = await Promise.all(batch.map(({ request }) => tracePacket(request, directory, { watch })));
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
  } as const;
  const missing: string[] = (['protected tables', 'transparent proxying'] as const)
    .filter((feature) => !kernel.supports(feature))
    .map((feature) => wanted[feature]);
  try {
    kernelLayout();
  } catch {
    missing.push('description of its types (BTF): traces see rules, not packets');
  }
  return missing;
}

const order: readonly Severity[] = ['error', 'warning', 'note'];

function bySeverity(a: Finding, b: Finding): number {
  return order.indexOf(a.severity) - order.indexOf(b.severity);
}

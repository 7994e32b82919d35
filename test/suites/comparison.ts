import type { Outcome } from './suite.ts';

/** Why a test may fail on Fairlead that passes on dockerd. */
export interface Reason {
  /** In a few words, for the table. */
  readonly words: string;
  /** Matches what the test said. */
  readonly text: RegExp;
  /** Matches its name, where a test only says that an earlier one has failed. */
  readonly name?: RegExp;
}

/** What this version of Fairlead does not have, and says. */
const knownReasons: readonly Reason[] = [
  { words: 'swarm mode', text: /swarm mode is not supported|not a swarm manager|part of a swarm/, name: /^#swarm / },
  { words: 'BuildKit', text: /BuildKit needs buildkitd/, name: /buildkit/i },
];

/** A suite on both engines, in numbers and names. */
export interface Comparison {
  readonly tests: number;
  /** Passed in every run on dockerd. */
  readonly reference: number;
  /** Passed in some runs on dockerd only. */
  readonly unsteady: readonly string[];
  /** Of the reference, passed on Fairlead. */
  readonly passed: number;
  /** Passed on Fairlead and in no run on dockerd. */
  readonly more: readonly string[];
  /** Of the reference, not passed on Fairlead: names by reason; under '' what no reason covers. */
  readonly differences: Readonly<Record<string, readonly string[]>>;
}

/**
 * Compare the runs of a suite. What passes in every run on dockerd has to pass on Fairlead.
 *
 * @param reasons the first that matches is given for a difference.
 */
export function compare(
  dockerd: readonly (readonly Outcome[])[],
  fairlead: readonly Outcome[],
  reasons: readonly Reason[] = knownReasons,
): Comparison {
  const passes = (run: readonly Outcome[]) =>
    new Set(run.flatMap(({ name, result }) => (result === 'passed' ? [name] : [])));
  const runs = dockerd.map(passes);
  const any = [...new Set(runs.flatMap((run) => [...run]))].sort();
  const always = any.filter((name) => runs.every((run) => run.has(name)));
  const ours = passes(fairlead);
  const texts = new Map(fairlead.map(({ name, text }) => [name, text]));
  const lacking = always.filter((name) => !ours.has(name));
  const differences: Record<string, string[]> = {};
  for (const name of lacking) {
    const words = reasonOf(name, texts.get(name) ?? '', reasons);
    differences[words] = [...(differences[words] ?? []), name];
  }
  return {
    tests: new Set([...dockerd.flat(), ...fairlead].map(({ name }) => name)).size,
    reference: always.length,
    unsteady: any.filter((name) => !always.includes(name)),
    passed: always.length - lacking.length,
    more: [...ours].filter((name) => !any.includes(name)).sort(),
    differences,
  };
}

function reasonOf(name: string, text: string, reasons: readonly Reason[]): string {
  return reasons.find((reason) => reason.text.test(text) || reason.name?.test(name) === true)?.words ?? '';
}

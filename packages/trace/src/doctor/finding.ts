import type { Fix } from '../model/report.ts';

/** How bad it is: something does not work, may stop working, or cannot be had on this kernel. The worst comes first. */
export const severities = ['error', 'warning', 'note'] as const;
export type Severity = (typeof severities)[number];

/** Something that is wrong. */
export interface Finding {
  /** Stable name. */
  readonly code: string;
  readonly severity: Severity;
  /** What is wrong, and what comes of it. */
  readonly text: string;
  /** What does not work because of it, a sentence each, where packets have shown that. */
  readonly consequences?: readonly string[];
  /** What was seen that shows it. */
  readonly evidence: readonly string[];
  /** Containers for which it matters. */
  readonly affects: readonly string[];
  readonly fixes: readonly Fix[];
}

/** What a look has found, by its code, and what a packet says of the same thing. */
const provedAs: Readonly<Record<string, string>> = { 'conntrack-pressure': 'conntrack-full' };

/**
 * Put findings together that have the same cause: one for each way on which it was met says the same thing often, and so does
 * a look at what a packet has proved.
 */
export function mergeFindings(findings: readonly Finding[]): Finding[] {
  const proofOf = ({ code }: Finding) => findings.find((other) => other.code === provedAs[code]);
  const merged = new Map<string, Finding>();
  for (const seen of findings) {
    const proof = proofOf(seen);
    const finding = proof === undefined ? seen : { ...seen, ...sameCauseAs(proof) };
    const key = finding.consequences === undefined ? `${merged.size}` : `${finding.code} ${ruleIn(finding)}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? finding : together(known, finding));
  }
  return [...merged.values()];
}

/** What makes a finding one with another. */
function sameCauseAs({ code, text, evidence, consequences = [] }: Finding) {
  return { code, text, evidence, consequences };
}

/** The rule that did it, if one did. */
function ruleIn({ evidence }: Finding): string {
  return evidence.find((line) => line.startsWith('nft trace')) ?? '';
}

function together(first: Finding, second: Finding): Finding {
  const union = (a: readonly string[] = [], b: readonly string[] = []) => [...new Set([...a, ...b])];
  const fixes = first.fixes.map((fix) => {
    const other = second.fixes.find(({ text }) => text === fix.text);
    if (other === undefined) return fix;
    const { action: _, ...common } = fix;
    return { ...common, commands: union(fix.commands, other.commands), undo: union(fix.undo, other.undo) };
  });
  const others = second.fixes.filter(({ text }) => !first.fixes.some((fix) => fix.text === text));
  return {
    ...first,
    severity: severities.find((each) => each === first.severity || each === second.severity) ?? first.severity,
    consequences: union(first.consequences, second.consequences),
    affects: union(first.affects, second.affects),
    fixes: [...fixes, ...others],
  };
}

/** A check: what it looks at, in two words, and what it found. */
export interface CheckResult {
  readonly check: string;
  readonly findings: readonly Finding[];
}

/** Whether something does not work or may stop working. */
export function isTrouble({ severity }: Finding): boolean {
  return severity !== 'note';
}

/** The later results without trouble that was not there before: what is under way is seen once only. */
export function confirmedResults(before: readonly CheckResult[], after: readonly CheckResult[]): CheckResult[] {
  const known = new Map(before.map(({ check, findings }) => [check, findings]));
  return after.map(({ check, findings }) => {
    const own = known.get(check) ?? [];
    return { check, findings: findings.filter((each) => !isTrouble(each) || own.some((other) => isSame(other, each))) };
  });
}

/** Figures in a text change from look to look; who is hit by what does not. */
function isSame(first: Finding, second: Finding): boolean {
  if (first.code !== second.code) return false;
  return first.text === second.text || first.affects.some((name) => second.affects.includes(name));
}

/** Everything that the doctor has to say. */
export interface DoctorReport {
  readonly schema: 'fairlead.doctor/1';
  readonly findings: readonly Finding[];
  /** Checks that found nothing. */
  readonly passed: readonly string[];
  /** Packets that were sent to prove what is said. */
  readonly probes: number;
  readonly milliseconds: number;
}

import type { Hop, RuleStep, TraceReport } from '@fairlead/trace';

/** How much to show. */
export interface TraceTextOptions {
  /** Every rule, and the way back hop by hop. */
  readonly verbose: boolean;
}

/** What a report says, as lines for a terminal. */
export function traceText(report: TraceReport, options: TraceTextOptions): string[] {
  return [
    ...appliedLines(report),
    ...headLines(report),
    ...hopLines(report, options),
    '',
    verdictLine(report),
    ...earlierLines(report),
    ...causeLines(report),
    ...capabilityLines(report),
  ];
}

function appliedLines({ applied }: TraceReport): string[] {
  if (applied === undefined) return [];
  const undo = applied.undo.map((command) => `  undo: ${command}`);
  return [
    `before: ${applied.before}`,
    `tried:  ${applied.text}`,
    ...applied.commands.map((command) => `  ${command}`),
    ...undo,
    '',
  ];
}

const modes: Readonly<Record<NonNullable<TraceReport['probe']>['mode'], string>> = {
  'half-open': 'first packet of a connection',
  connection: 'a real connection',
  datagram: 'one datagram',
  echo: 'echo request',
  arrival: 'as if it came in by the wire',
};

function headLines({ probe, name }: TraceReport): string[] {
  const lines: string[] = [];
  if (probe !== undefined) {
    const port = probe.destination.port === undefined ? '' : `:${probe.destination.port}`;
    const size = probe.size === undefined ? '' : ` · ${probe.size} bytes`;
    const what = `${probe.protocol} · IPv${probe.family} · ${modes[probe.mode]}${size}`;
    lines.push(`${probe.source.name} → ${probe.destination.name}${port}    ${what}`, '');
  }
  if (name !== undefined) {
    const by =
      name.server === undefined ? `by ${name.source}` : `by ${name.server}, ${(name.milliseconds ?? 0).toFixed(1)} ms`;
    lines.push(`  0  name ${name.name} is ${name.addresses.join(', ') || `unknown: ${name.failure}`}  (${by})`);
  }
  return lines;
}

const events: Readonly<Record<Hop['event'], string>> = {
  received: 'in',
  sent: 'out',
  dropped: '✕',
  used: 'taken',
};

function hopLines({ hops, verdict }: TraceReport, { verbose }: TraceTextOptions): string[] {
  const width = Math.max(4, ...hops.map(({ place }) => place.length));
  const shown = hops.filter(
    (hop) => verbose || (hop.harmless !== true && (hop.role === 'request' || verdict !== 'delivered')),
  );
  const lines = shown.flatMap((hop, index) => [
    hopLine(hop, String(index + 1).padStart(3), width),
    ...carrierLines(hop, shown.slice(0, index)).map((line) => `${' '.repeat(width + 10)}${line}`),
    ...hop.rewrites.map(({ field, from, to }) => `${' '.repeat(width + 10)}${field}: ${from} ⇒ ${to}`),
    ...ruleLines(hop, verbose).map((line) => `${' '.repeat(width + 10)}${line}`),
  ]);
  // That no socket waits for the answer is where it ends, and on a macvlan all that is seen of it there.
  const back = hops.filter(
    ({ role, harmless, reason }) => role !== 'request' && (harmless !== true || reason === 'NO_SOCKET'),
  );
  const last = back.at(-1);
  if (verbose || verdict !== 'delivered' || last === undefined) return lines;
  const took = `${last.microseconds.toFixed(0)} µs`;
  return [
    ...lines,
    `     answer: back in ${last.place}${last.device === undefined ? '' : ` by ${last.device}`} after ${took}`,
  ];
}

/** Where it was put into another packet, and where it came out again. */
function carrierLines({ carrier, role }: Hop, earlier: readonly Hop[]): string[] {
  const before = earlier.findLast((hop) => hop.role === role)?.carrier;
  if (carrier?.text === before?.text) return [];
  return [carrier === undefined ? 'decapsulated' : `encapsulated in ${carrier.text}`];
}

function hopLine(hop: Hop, number: string, width: number): string {
  const { place, device = '-', event, packet, role } = hop;
  const flags = packet.flags?.join(',') ?? packet.icmp ?? '';
  const shown = hop.carrier ?? packet;
  const inside =
    hop.carrier === undefined ? flags : `${hop.carrier.kind} [${packet.source} → ${packet.destination} ${flags}]`;
  const kind = role === 'request' ? '' : ` (${role})`;
  const time = `${hop.microseconds.toFixed(0)} µs`.padStart(8);
  const end =
    event === 'dropped' ? `  ${hop.reason ?? ''}${hop.function === undefined ? '' : ` in ${hop.function}`}` : '';
  const mark = hop.inferred === true ? '○' : '●';
  return `${number} ${mark} ${place.padEnd(width)}  ${device.padEnd(15)} ${events[event].padEnd(5)}${time}  ${shown.source} → ${shown.destination} ${inside}${kind}${end}`.trimEnd();
}

/** Rules that only let a packet go on are for those who ask. */
function ruleLines({ rules, unwatched }: Hop, verbose: boolean): string[] {
  const late = unwatched === true ? ['it came late: its rules were not watched here'] : [];
  return [...rules.filter((rule) => verbose || isDecisive(rule)).map(ruleLine), ...late];
}

function isDecisive({ verdict, text, kind }: RuleStep): boolean {
  if (verdict === 'drop') return true;
  return (
    kind === 'rule' &&
    /\b((dnat|snat|tproxy) (ip|ip6|to)|masquerade|redirect|reject)\b|"(DNAT|SNAT|MASQUERADE|REJECT)"/.test(text)
  );
}

function ruleLine({ owner, family, table, chain, handle, text, verdict, kind }: RuleStep): string {
  const number = handle === undefined ? '' : ` #${handle}`;
  const outcome = kind === 'policy' || text.endsWith(verdict) ? '' : `  ⇒ ${verdict}`;
  return `${owner}: ${family} ${table} ${chain}${number}  ${text}${outcome}`;
}

function verdictLine({ verdict, summary, milliseconds }: TraceReport): string {
  const sign = verdict === 'delivered' ? '✓' : verdict === 'unknown' || verdict === 'lost' ? '?' : '✕';
  return `${sign} ${summary}  (${milliseconds.toFixed(0)} ms)`;
}

function earlierLines({ earlier }: TraceReport): string[] {
  if (earlier === undefined) return [];
  return [
    `  This is a second packet, whose rules were watched all the time. The first came later than they are: ${earlier.summary}`,
  ];
}

function causeLines({ cause, fixes }: TraceReport): string[] {
  if (cause === undefined) return [];
  return [
    '',
    ...labelled('WHY', [cause.text]),
    ...labelled('SEEN', cause.evidence),
    ...fixes.flatMap((fix, index) => {
      const scope = fix.scope === undefined ? '' : `  (affects ${fix.scope})`;
      const canTry = fix.action === undefined ? '' : `  --apply ${index + 1} tries it`;
      const undo = fix.undo.map((command) => `undo: ${command}`);
      return labelled(`FIX ${index + 1}`, [
        `${fix.text}${scope}${canTry}`,
        ...fix.commands.map((command) => `  ${command}`),
        ...undo.map((line) => `  ${line}`),
      ]);
    }),
  ];
}

function labelled(label: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `${(index === 0 ? label : '').padEnd(6)} ${line}`);
}

function capabilityLines({ capabilities }: TraceReport): string[] {
  return capabilities.missing.map((line) => `note: ${line}`);
}

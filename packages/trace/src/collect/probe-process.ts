import { writeFileSync } from 'node:fs';
import { joinControlGroup } from '@fairlead/kernel/tracing';
import type { ProbeStanding } from './group-probe.ts';
import { type Probe, type SentProbe, sendProbeHere } from './probe.ts';

const { probe, group }: { readonly probe: Probe; readonly group: string } = JSON.parse(process.argv[2] ?? '');
// Should the group have no memory left, then this one ends, and none of the container's.
writeFileSync('/proc/self/oom_score_adj', '1000');
joinControlGroup(group);
const sent = sendProbeHere(probe);
let told = '';
tell(sent);
const listening = sent.listen(() => tell(sent));
// Whoever has started us is gone, or has heard enough.
process.stdin.on('end', () => listening[Symbol.dispose]()).resume();

function tell({ sourcePort, failure, answered, connection }: SentProbe): void {
  const standing: ProbeStanding = {
    sourcePort,
    ...(failure && { failure }),
    answered: answered(),
    ...(connection && { connection: connection() }),
  };
  const text = JSON.stringify(standing);
  if (text !== told) process.stdout.write(`${text}\n`);
  told = text;
}

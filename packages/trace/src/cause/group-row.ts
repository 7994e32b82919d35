import { basename } from 'node:path';
import type { Case, CaseEnd } from '../model/case.ts';
import type { SuspectProgram } from '../model/facts.ts';
import type { Fix } from '../model/report.ts';
import { type CauseRow, dropEvidence } from './row.ts';

/** Programs at one of these hooks, for one of the ends. */
interface Suspects {
  readonly end: CaseEnd;
  readonly what: string;
  readonly programs: readonly SuspectProgram[];
  readonly evidence: string;
}

/** A program that somebody has attached to the control group of a container, or to one above it, refuses its traffic. */
export const groupProgram: CauseRow = {
  code: 'cgroup-program',
  explain: (trace) => {
    const suspects = suspectsOf(trace);
    if (suspects === undefined || suspects.programs.length === 0) return undefined;
    const { end, what, programs, evidence } = suspects;
    const sure = programs.filter(({ refuses }) => refuses);
    const named = sure.length > 0 ? sure : programs;
    const which = capitalized(named.map(programText).join(sure.length > 0 ? ' and ' : ' or '));
    return {
      text: `${which} ${named.length > 1 && sure.length > 1 ? 'refuse' : 'refuses'} ${what} ${end.container?.name ?? end.name}: a program (BPF) of the control group that its processes are in, not a rule.${ownerText(named)}`,
      evidence: [
        evidence,
        ...named.map(({ id, name, hook, group }) => `bpf: ${hook} of ${group}: id ${id}${name && `, ${name}`}`),
        ...sure.map(({ id }) => `bpf: program ${id}, asked about this very packet, refuses it`),
      ],
      verdict: 'dropped',
      fixes: named.map(fixOf),
    };
  },
};

/** What the kernel said, and who may have made it say so. */
function suspectsOf(trace: Case): Suspects | undefined {
  const { outcome, facts, source, destination, sendFailure } = trace;
  const { drop, rule } = outcome;
  const atSource = (what: string, hooks: RegExp, evidence: string): Suspects => {
    const programs = facts.sourcePrograms?.filter(({ hook }) => hooks.test(hook)) ?? [];
    return { end: source, what, programs, evidence };
  };
  const atDestination = (what: string, hooks: RegExp): Suspects => {
    const programs = facts.destinationPrograms?.filter(({ hook }) => hooks.test(hook)) ?? [];
    return { end: destination, what, programs, evidence: dropEvidence(trace) };
  };
  if (drop?.reason === 'BPF_CGROUP_EGRESS')
    return drop.role === 'request'
      ? atSource('what is sent by', /egress$/, dropEvidence(trace))
      : atDestination('what is answered by', /egress$/);
  if (drop?.reason === 'SOCKET_FILTER')
    return drop.role === 'request'
      ? atDestination('what is for', /ingress$/)
      : atSource('what is answered to', /ingress$/, dropEvidence(trace));
  if (sendFailure !== 'EPERM' || drop !== undefined || rule !== undefined) return undefined;
  const version = trace.family;
  const hooks = new RegExp(`sock_create$|inet${version}_connect$|udp${version}_sendmsg$|egress$`);
  return atSource('connections of', hooks, `connect or send as a process of ${source.name}: EPERM`);
}

/** `The program sd_fw_egress (cgroup_inet_egress of /system.slice/x.service, id 7)`. */
function programText({ id, name, hook, group }: SuspectProgram): string {
  return `the program ${name || 'without a name'} (${hook} of ${group}, id ${id})`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Names that programs are given by those who load them. */
const owners: readonly (readonly [name: RegExp, owner: string])[] = [
  [/^sd_/, 'systemd'],
  [/^cil_/, 'Cilium'],
  [/^(calico|cali)_/, 'Calico'],
];

function ownerOf({ name }: SuspectProgram): string | undefined {
  return owners.find(([pattern]) => pattern.test(name))?.[1];
}

function ownerText(programs: readonly SuspectProgram[]): string {
  const known = [...new Set(programs.flatMap((program) => ownerOf(program) ?? []))];
  if (known.length === 0) return '';
  const isSystemd = known.includes('systemd');
  return ` By its name it is of ${known.join(' or ')}${isSystemd ? ' (IPAddressDeny= and the like of a unit)' : ''}.`;
}

function fixOf(program: SuspectProgram): Fix {
  const { id, hook, group, folder } = program;
  const unit = basename(group);
  if (ownerOf(program) === 'systemd' && /\.(service|scope|slice)$/.test(unit)) {
    return {
      text: `Take the limit off the unit ${unit}`,
      scope: 'everything in that unit',
      commands: [`systemctl show -p IPAddressDeny ${unit}`, `systemctl set-property --runtime ${unit} IPAddressDeny=`],
      undo: [`systemctl set-property --runtime ${unit} IPAddressDeny=ADDRESSES`],
    };
  }
  const kept = `/sys/fs/bpf/kept-${id}`;
  return {
    text: 'Tell whoever has attached it, or detach it (what a link holds goes with its owner: bpftool link show)',
    scope: `everything in ${group}`,
    commands: [`bpftool prog pin id ${id} ${kept}`, `bpftool cgroup detach ${folder} ${hook} id ${id}`],
    undo: [`bpftool cgroup attach ${folder} ${hook} pinned ${kept} multi`, `rm ${kept}`],
  };
}

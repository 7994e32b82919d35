import type { Finding } from './finding.ts';
import type { HostState } from './host-state.ts';

/** Namespaces and cables that no container has, nor joins bridges of a network. */
export function leftoverFindings(state: HostState): Finding[] {
  const { containers, networks } = state.directory;
  const used = new Set(containers.flatMap(({ namespace }) => namespace ?? []));
  const namespaces = state.namespaces.filter((name) => name.startsWith('fl-') && !used.has(name));
  const cables = new Set([
    ...containers.flatMap(({ attachments }) => attachments.flatMap(({ hostInterface }) => hostInterface ?? [])),
    ...networks.flatMap(({ segments = [] }) => segments.flatMap(({ trunk, uplink }) => [trunk, uplink])),
  ]);
  const links = state.links.filter(
    ({ alias, name, kind }) => kind === 'veth' && alias?.startsWith('fairlead') === true && !cables.has(name),
  );
  const finding = (kind: string, name: string, command: string): Finding => ({
    code: `stale-${kind}`,
    severity: 'warning',
    text: `The ${kind} ${name} belongs to no container any more; it does no harm but take up room.`,
    evidence: [`${kind} ${name}`, 'no container has it'],
    affects: [],
    fixes: [{ text: 'Take it away', commands: [command], undo: [] }],
  });
  return [
    ...namespaces.map((name) => finding('namespace', name, `ip netns del ${name}`)),
    ...links.map(({ name }) => finding('interface', name, `ip link del ${name}`)),
  ];
}

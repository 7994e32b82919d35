import type { Finding } from './finding.ts';
import type { HostState } from './host-state.ts';

/** Other machines of a LAN that use addresses which the LAN has given to containers. */
export function contestFindings({ directory }: Pick<HostState, 'directory'>): Finding[] {
  return directory.containers.flatMap(({ name, attachments }) =>
    attachments.flatMap(({ network, interface: inside, contests = [] }) =>
      contests.length === 0 ? [] : finding(name, contests, `heard on ${inside} of ${name}, network ${network}`),
    ),
  );
}

function finding(container: string, contests: readonly string[], evidence: string): Finding {
  const text = 'Find the machine by its hardware address and give it another address, or keep this one out of the pool';
  return {
    code: 'address-contested',
    severity: 'warning',
    text: contests.join(' '),
    evidence: [evidence],
    affects: [container],
    fixes: [{ text, commands: [], undo: [] }],
  };
}

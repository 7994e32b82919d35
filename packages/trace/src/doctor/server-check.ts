import type { SocketDetails } from '@fairlead/netlink/sockets';
import type { Finding } from './finding.ts';
import type { HostState } from './host-state.ts';

/** Servers that do not accept the connections that are made to them, and published ports whose server does not run. */
export function serverFindings(state: HostState): Finding[] {
  const full = state.inside.flatMap(({ container, sockets }) =>
    sockets.filter(isFull).map((socket) => fullFinding(container, socket)),
  );
  return [...full, ...absentServers(state)];
}

/** The kernel takes one more than may wait (sk_acceptq_is_full). */
function isFull({ state, receiveQueue, sendQueue }: SocketDetails): boolean {
  return state === 'listen' && receiveQueue > sendQueue;
}

function fullFinding(container: string, { local, receiveQueue, sendQueue }: SocketDetails): Finding {
  return {
    code: 'socket-full',
    severity: 'error',
    text: `A program in ${container} has port ${local.port}, but its queue of connections is full: the program does not accept them fast enough, and new ones are not answered.`,
    evidence: [`${receiveQueue} connections wait to be accepted, ${sendQueue} may`],
    affects: [container],
    fixes: [],
  };
}

function absentServers({ directory }: HostState): Finding[] {
  return directory.containers.flatMap(({ name, namespace, publications }): Finding[] => {
    if (namespace !== undefined || publications.length === 0) return [];
    const ports = publications.map(({ protocol, hostPorts }) => `${hostPorts.first}/${protocol}`);
    return [
      {
        code: 'target-not-running',
        severity: 'note',
        text: `${name} is not running, so nobody answers on what is published for it: ${[...new Set(ports)].join(', ')}.`,
        evidence: [`${name}: not running`],
        affects: [name],
        fixes: [{ text: 'Start it', commands: [`docker start ${name}`], undo: [`docker stop ${name}`] }],
      },
    ];
  });
}

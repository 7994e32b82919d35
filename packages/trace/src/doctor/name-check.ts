import type { IpAddress } from '@fairlead/base';
import { ownerOf } from '../model/directory.ts';
import type { Finding } from './finding.ts';
import { type HostState, runningContainers } from './host-state.ts';

/** Whether names outside are found, and those of containers. */
export function nameFindings(state: HostState): Finding[] {
  return [
    ...silentServers(state),
    ...state.nameServers.flatMap(({ server }) => loop(state, server) ?? []),
    ...state.ownNames.flatMap((answer) => unknownToItself(answer) ?? []),
  ];
}

function silentServers(state: HostState): Finding[] {
  const silent = state.nameServers.filter(({ failure }) => failure !== undefined);
  const all = silent.length === state.nameServers.length;
  return silent.map(({ server, failure }) => ({
    code: 'name-server-silent',
    severity: all ? 'error' : 'warning',
    text: all
      ? `The name server ${server}, to which this host and its containers are sent, does not answer: no name outside is found.`
      : `The name server ${server} does not answer: looking names up takes longer than it should.`,
    evidence: [`${server}: ${failure}`],
    affects: runningContainers(state),
    fixes: [{ text: 'Name one that answers', commands: ['editor /etc/resolv.conf'], undo: [] }],
  }));
}

function loop(state: HostState, server: IpAddress): Finding | undefined {
  const name = ownerOf(state.directory, server)?.container.name ?? publisherOf(state, server);
  if (name === undefined) return undefined;
  return {
    code: 'name-server-loop',
    severity: 'warning',
    text: `This host asks ${server} for names, which is the container ${name}: when ${name} asks the host in turn, or is down, nobody gets an answer.`,
    evidence: [`/etc/resolv.conf: nameserver ${server}`],
    affects: runningContainers(state),
    fixes: [{ text: `Give ${name} a name server of its own`, commands: [`docker run --dns ADDRESS ...`], undo: [] }],
  };
}

/** The container that serves names at an address of this host. */
function publisherOf({ addresses, directory }: HostState, server: IpAddress): string | undefined {
  if (!addresses.includes(server)) return undefined;
  return directory.containers.find(({ publications }) =>
    publications.some(({ protocol, hostPorts: { first, last } }) => protocol === 'udp' && first <= 53 && last >= 53),
  )?.name;
}

function unknownToItself({ container, failure }: HostState['ownNames'][number]): Finding | undefined {
  if (failure === undefined) return undefined;
  return {
    code: 'name-service-broken',
    severity: 'error',
    text: `${container} cannot look up its own name: names of containers are not found.`,
    evidence: [`${container} asks its name server for ${container}: ${failure}`],
    affects: [container],
    fixes: [
      {
        text: 'Restart the engine, which starts its name service anew',
        commands: ['systemctl restart fairlead'],
        undo: [],
      },
    ],
  };
}

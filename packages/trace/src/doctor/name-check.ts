import { type IpAddress, nameServerAddress, prefixContains } from '@fairlead/base';
import { staleLineFix } from '../cause/name-rows.ts';
import { addressesInHosts, serversIn } from '../collect/name-lookup.ts';
import { type ContainerPlace, type Directory, ownerOf } from '../model/directory.ts';
import type { Finding } from './finding.ts';
import { type HostState, runningContainers } from './host-state.ts';

/** Whether names outside are found, and those of containers. */
export function nameFindings(state: HostState): Finding[] {
  return [
    ...silentServers(state),
    ...state.nameServers.flatMap(({ server }) => loop(state, server) ?? []),
    ...state.ownNames.flatMap((answer) => unknownToItself(answer) ?? []),
    ...state.directory.containers.flatMap((container) => [
      ...staleLines(state.directory, container),
      ...(otherServer(container) ?? []),
    ]),
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

/** Lines of a container's hosts file that have an old address of another one. */
function staleLines({ containers, networks }: Directory, { name, files, namespace }: ContainerPlace): Finding[] {
  if (namespace === undefined || files === undefined) return [];
  return containers.flatMap((other): Finding[] => {
    const own = other.attachments.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]).filter((each) => each !== undefined);
    if (other.namespace === undefined || other.name === name || own.length === 0) return [];
    return addressesInHosts(files.hosts, other.name)
      .filter((address) => !own.includes(address))
      .map((address) => {
        // What is not of a network of ours was told so on purpose, perhaps.
        const isOurs = networks.some(({ subnets }) => subnets.some((subnet) => prefixContains(subnet, address)));
        return {
          code: 'stale-name',
          severity: isOurs ? 'warning' : 'note',
          text: `The hosts file of ${name} says that ${other.name} is ${address}, but the container ${other.name} has ${own.join(' and ')}.`,
          evidence: [`/etc/hosts of ${name}: ${other.name} is ${address}`],
          affects: [name],
          fixes: [staleLineFix(name, address)],
        };
      });
  });
}

/** A container on a network with names that is sent to somebody else for them. */
function otherServer({ name, namespace, files, attachments }: ContainerPlace): Finding[] | undefined {
  const hasNames = namespace && attachments.some(({ network, ipv4, ipv6 }) => network !== 'bridge' && (ipv4 ?? ipv6));
  if (!hasNames || files === undefined || files.resolvConf === '') return undefined;
  const [server] = serversIn(files.resolvConf);
  const engine: readonly string[] = Object.values(nameServerAddress);
  if (server !== undefined && engine.includes(server)) return undefined;
  return [
    {
      code: server === undefined ? 'no-name-server' : 'other-name-server',
      severity: 'warning',
      text:
        server === undefined
          ? `The resolv.conf of ${name} names no name server, so it finds no names.`
          : `The resolv.conf of ${name} sends it to ${server}: names of containers are known at ${engine.join(' or ')} alone.`,
      evidence: [`/etc/resolv.conf of ${name}: ${server === undefined ? 'no nameserver' : `nameserver ${server}`}`],
      affects: [name],
      fixes: [{ text: `Restart ${name}, which writes it anew`, commands: [`docker restart ${name}`], undo: [] }],
    },
  ];
}

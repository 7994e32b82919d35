import type { IpAddress } from '@fairlead/base';
import type { Fix } from '../model/report.ts';
import { type CauseRow, dropEvidence } from './row.ts';

/** The hosts file has another address for a container than the container has. */
const staleName: CauseRow = {
  code: 'stale-name',
  explain: (trace) => {
    const { name, directory, source, destination } = trace;
    const meant = directory.containers.find((container) => container.name === name?.name);
    if (name?.source !== 'hosts' || meant?.namespace === undefined || meant.name === source.name) return undefined;
    const own = meant.attachments.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]).filter((address) => address !== undefined);
    if (own.length === 0 || own.includes(destination.address)) return undefined;
    return {
      text: `The hosts file of ${source.name} says that ${name.name} is ${destination.address}, but the container ${name.name} has ${own.join(' and ')}.`,
      evidence: [`/etc/hosts of ${source.name}: ${name.name} is ${name.addresses.join(', ')}`, dropEvidence(trace)],
      verdict: trace.outcome.verdict === 'refused' ? 'refused' : 'dropped',
      fixes: [staleLineFix(source.name, destination.address)],
    };
  },
};

/** Take a line with an address out of a container's hosts file. */
export function staleLineFix(container: string, address: IpAddress): Fix {
  return {
    text: `Take the line of ${address} out of the hosts file of ${container}: the engine's name service knows who is where`,
    commands: [`docker exec ${container} grep -n ${address} /etc/hosts`],
    undo: [],
  };
}

/** Causes that names tell. */
export const nameRows = { staleName };

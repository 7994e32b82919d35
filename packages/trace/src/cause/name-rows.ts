import type { Case } from '../model/case.ts';
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
      fixes: [fixOf(trace, name.name)],
    };
  },
};

function fixOf({ source, destination }: Case, name: string) {
  return {
    text: `Take the line of ${name} out of the hosts file of ${source.name}: the engine's name service knows the address`,
    commands: [`docker exec ${source.name} grep -n ${destination.address} /etc/hosts`],
    undo: [],
  };
}

/** Causes that names tell. */
export const nameRows = { staleName };

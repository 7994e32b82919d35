import type { LinkDetails } from '@fairlead/netlink';
import { commandIn, sysctlFix } from '../cause/row.ts';
import type { Finding } from './finding.ts';
import { containersOn, type HostState, usedNetworks } from './host-state.ts';

/** Somebody's interface on a network, with the settings of the namespace that it is in. */
interface Station {
  readonly name: string;
  readonly namespace: string;
  readonly link: LinkDetails;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly affects: readonly string[];
}

/** arp_ignore of one who answers no question at all (Documentation/networking/ip-sysctl.rst). */
const IGNORE_ALL = 8;

/**
 * Whether those who ask for the hardware address of a container, or of a network's gateway, are answered: as long as somebody
 * remembers it, packets show nothing.
 */
export function askingFindings(state: HostState): Finding[] {
  return [...gateways(state), ...containers(state)].flatMap((station) => [
    ...ignoring(station),
    ...(station.link.withoutArp === true ? [withoutArp(station)] : []),
  ]);
}

function gateways(state: HostState): Station[] {
  return usedNetworks(state).flatMap(({ name, interface: device, gateways: addresses }): Station[] => {
    const link = state.links.find((each) => each.name === device);
    if (link === undefined || addresses.length === 0) return [];
    return [{ name: 'host', namespace: '', link, sysctls: state.sysctls, affects: containersOn(state, name) }];
  });
}

function containers({ directory, inside }: HostState): Station[] {
  return directory.containers.flatMap(({ name, namespace = '', attachments }) => {
    const own = inside.find(({ container }) => container === name);
    return attachments.flatMap(({ interface: device, hostInterface }): Station[] => {
      const link = own?.links.find((each) => each.name === device);
      if (own === undefined || link === undefined || hostInterface === undefined) return [];
      return [{ name, namespace, link, sysctls: own.sysctls, affects: [name] }];
    });
  });
}

/** The greater one counts of what is set for all interfaces, and for the one. */
function ignoring({ name, namespace, link, sysctls, affects }: Station): Finding[] {
  const keys = ['all', link.name.replaceAll('.', '/')].map((each) => `net.ipv4.conf.${each}.arp_ignore`);
  return keys
    .filter((key) => Number(sysctls[key] ?? 0) >= IGNORE_ALL)
    .map((key): Finding => {
      const change = { namespace, key, value: '0', previous: sysctls[key] ?? '' };
      return {
        code: 'neighbor-silent',
        severity: 'error',
        text: `${name} is told to ignore who asks for its address on ${link.name} (${key} is ${sysctls[key]}): who does not remember it, or forgets it, does not reach ${name} there.`,
        evidence: [`${key} = ${sysctls[key]}`],
        affects,
        fixes: [sysctlFix(change, { text: 'Let it answer' })],
      };
    });
}

function withoutArp({ name, namespace, link, affects }: Station): Finding {
  const command = (word: string) => commandIn(namespace, `ip link set ${link.name} arp ${word}`);
  return {
    code: 'arp-off',
    severity: 'error',
    text: `The interface ${link.name} of ${name} neither asks for neighbours nor answers who asks for it (arp off).`,
    evidence: [`${link.name} in ${name}: NOARP`],
    affects,
    fixes: [{ text: 'Let it', commands: [command('on')], undo: [command('off')] }],
  };
}

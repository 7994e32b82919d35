import { addressOf, familyOf, LEAST_MTU6 } from '@fairlead/base';
import type { LinkDetails } from '@fairlead/netlink';
import { tooNarrow } from '../cause/narrow-link.ts';
import type { Attachment, ContainerPlace } from '../model/directory.ts';
import type { Fix } from '../model/report.ts';
import type { Finding } from './finding.ts';
import { containersOn, type HostState, type InsideState } from './host-state.ts';

/** Every cable of every container: up at both ends, plugged in, with the addresses that it is to have. */
export function interfaceFindings(state: HostState): Finding[] {
  const bridges = state.directory.networks.flatMap(({ driver, name, interface: device, segments = [] }) => {
    const users = containersOn(state, name);
    if (driver !== 'bridge' || device === undefined || users.length === 0) return [];
    return [device, ...segments.flatMap((segment) => Object.values(segment))].flatMap((each) => {
      const link = state.links.find((candidate) => candidate.name === each);
      if (link === undefined) return [missing(each, name, users)];
      return link.up
        ? []
        : [down(each, `${each === device ? 'the' : 'part of a further'} bridge of ${name}`, users, '')];
    });
  });
  const cables = state.directory.containers.flatMap((container) =>
    container.namespace === undefined
      ? []
      : container.attachments.flatMap((each) => cableFindings(state, container, each)),
  );
  return [...bridges, ...loopbacks(state), ...cables];
}

/** By lo a container asks for names, and reaches itself. */
function loopbacks({ directory, inside }: HostState): Finding[] {
  return inside.flatMap(({ container, links }) => {
    const lo = links.find(({ name }) => name === 'lo');
    const namespace = directory.containers.find(({ name }) => name === container)?.namespace ?? '';
    if (lo?.up !== false) return [];
    return [down('lo', `by which ${container} asks for names and reaches itself`, [container], namespace)];
  });
}

function cableFindings(state: HostState, container: ContainerPlace, attachment: Attachment): Finding[] {
  const { name, namespace = '' } = container;
  const inside = state.inside.find((candidate) => candidate.container === name);
  const network = state.directory.networks.find((candidate) => candidate.name === attachment.network);
  const findings: Finding[] = [];
  const outer = state.links.find((link) => link.name === attachment.hostInterface);
  const bridge = state.links.find((link) => link.name === (attachment.segment?.bridge ?? network?.interface));
  if (attachment.hostInterface !== undefined && outer === undefined && inside !== undefined && bridge !== undefined)
    findings.push(withoutCable(attachment.hostInterface, name));
  if (outer !== undefined && !outer.up)
    findings.push(down(outer.name, `the host's end of ${name}'s cable`, [name], ''));
  if (outer !== undefined && bridge !== undefined && outer.masterIndex !== bridge.index)
    findings.push(unplugged(outer, bridge, name));
  const inner = inside?.links.find((link) => link.name === attachment.interface);
  if (inside === undefined || attachment.interface === undefined) return findings;
  if (inner === undefined) findings.push(withoutInterface(attachment, container));
  else if (!inner.up) findings.push(down(inner.name, `the interface of ${name}`, [name], namespace));
  else findings.push(...addressFindings(inside, attachment, container));
  return findings;
}

function addressFindings(inside: InsideState, attachment: Attachment, { name }: ContainerPlace): Finding[] {
  const own = inside.addresses
    .filter(({ link }) => link === attachment.interface)
    .map(({ address }) => addressOf(address));
  return [attachment.ipv4, attachment.ipv6].flatMap((address): Finding[] => {
    if (address === undefined || own.includes(address)) return [];
    const off = familyOf(address) === 6 ? switchedOff(inside, attachment.interface) : undefined;
    if (off !== undefined) return [withoutIpv6(off, name)];
    const link = inside.links.find((each) => each.name === attachment.interface);
    if (familyOf(address) === 6 && link !== undefined && link.mtu < LEAST_MTU6) return [tooNarrowFor6(link, name)];
    return [
      {
        code: 'address-missing',
        severity: 'error',
        text: `${name} is to have the address ${address} on ${attachment.network}, but its interface has not: nobody reaches it there.`,
        evidence: [`${attachment.interface} in ${name}: ${own.join(', ') || 'no address'}`],
        affects: [name],
        fixes: [restart(name)],
      },
    ];
  });
}

/** The setting by which an interface has no IPv6. */
function switchedOff({ sysctls }: InsideState, device = ''): string | undefined {
  const keys = ['all', device.replaceAll('.', '/')].map((each) => `net.ipv6.conf.${each}.disable_ipv6`);
  return keys.find((key) => sysctls[key] === '1');
}

function withoutIpv6(key: string, name: string): Finding {
  return {
    code: 'ipv6-off',
    severity: 'error',
    text: `IPv6 is switched off in ${name} (${key} is 1), and its addresses and routes went with it.`,
    evidence: [`${key} = 1`],
    affects: [name],
    fixes: [restart(name)],
  };
}

function tooNarrowFor6(link: LinkDetails, name: string): Finding {
  return { code: 'ipv6-off', severity: 'error', ...tooNarrow(name, link), affects: [name], fixes: [restart(name)] };
}

function down(link: string, what: string, affects: readonly string[], namespace: string): Finding {
  const prefix = namespace === '' ? '' : `nsenter --net=/run/netns/${namespace} `;
  return {
    code: 'interface-down',
    severity: 'error',
    text: `${link}, ${what}, is down: nothing passes.`,
    evidence: [`${link}: down`],
    affects,
    fixes: [
      {
        text: 'Bring it up',
        commands: [`${prefix}ip link set ${link} up`],
        undo: [`${prefix}ip link set ${link} down`],
        action: { kind: 'links', namespace, names: [link], change: { up: true } },
      },
    ],
  };
}

function unplugged(outer: LinkDetails, bridge: LinkDetails, container: string): Finding {
  return {
    code: 'off-the-bridge',
    severity: 'error',
    text: `${outer.name}, the host's end of ${container}'s cable, is not plugged into ${bridge.name}: ${container} reaches nobody.`,
    evidence: [`${outer.name}: not a port of ${bridge.name}`],
    affects: [container],
    fixes: [
      {
        text: 'Plug it in again',
        commands: [`ip link set ${outer.name} master ${bridge.name}`],
        undo: [`ip link set ${outer.name} nomaster`],
        action: { kind: 'links', namespace: '', names: [outer.name], change: { master: bridge.name } },
      },
    ],
  };
}

function missing(device: string, network: string, affects: readonly string[]): Finding {
  return {
    code: 'bridge-missing',
    severity: 'error',
    text: `The bridge ${device} of the network ${network} is gone: its containers reach nobody.`,
    evidence: [`no interface ${device}`],
    affects,
    fixes: [{ text: 'Restart the engine, which makes it anew', commands: ['systemctl restart fairlead'], undo: [] }],
  };
}

function withoutInterface({ interface: device, network }: Attachment, { name }: ContainerPlace): Finding {
  return {
    code: 'interface-missing',
    severity: 'error',
    text: `${name} has no interface ${device}: it is cut off from ${network}.`,
    evidence: [`no interface ${device} in ${name}`],
    affects: [name],
    fixes: [restart(name)],
  };
}

function withoutCable(device: string, name: string): Finding {
  return {
    code: 'cable-missing',
    severity: 'error',
    text: `The host's end of ${name}'s cable, ${device}, is gone: it was taken away or moved into another namespace.`,
    evidence: [`no interface ${device} in host`],
    affects: [name],
    fixes: [restart(name)],
  };
}

function restart(name: string): Fix {
  return { text: `Restart ${name}, which builds its network anew`, commands: [`docker restart ${name}`], undo: [] };
}

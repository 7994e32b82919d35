import {
  type Family,
  familyOf,
  hostText,
  type IpAddress,
  isLoopback,
  isUnspecified,
  prefixFamily,
} from '@fairlead/base';
import { addressOn, type ContainerPlace, type Directory, type NetworkPlace } from '../model/directory.ts';
import type { HostAddresses } from '../plan.ts';
import { attemptProofs } from './attempt-proofs.ts';
import { containersOn, type InsideState } from './host-state.ts';
import { neighbourProofs } from './neighbour-proofs.ts';
import { type PlannedProof, PROOF_PATIENCE } from './planned-proof.ts';

/** Packets that are sent at most; each costs some tens of milliseconds. */
const PACKETS = 120;
/** Of them for ports, for containers rather than networks, and between containers, as long as other kinds wait. */
const SHARE = { ports: 24, containers: 32, neighbours: 40 } as const;

/** Which packets are sent to prove that the networks work: of each kind some, then the rest as far as there is room. */
export function planProofs(
  directory: Directory,
  host: HostAddresses,
  inside: readonly InsideState[] = [],
): PlannedProof[] {
  const ofNetworks = directory.networks.flatMap((network) => networkProofs(directory, network, host));
  const ports = portProofs(directory, host);
  const neighbours = neighbourProofs(directory, inside, directory.networks);
  return [
    ...attemptProofs(directory, inside),
    ...ofNetworks,
    ...ports.slice(0, SHARE.ports),
    ...containerProofs(directory, host, ofNetworks).slice(0, SHARE.containers),
    ...neighbours.slice(0, SHARE.neighbours),
    ...ports.slice(SHARE.ports),
    ...neighbours.slice(SHARE.neighbours),
  ].slice(0, PACKETS);
}

/** A container may be broken by itself: those that no network has sent a packet from send one. */
function containerProofs(directory: Directory, host: HostAddresses, planned: readonly PlannedProof[]): PlannedProof[] {
  const isPlanned = (name: string, family: Family) =>
    planned.some(({ purpose }) => purpose.kind === 'way-out' && purpose.from === name && purpose.family === family);
  return directory.containers.flatMap(({ name, namespace, attachments }) =>
    ([4, 6] as const).flatMap((family) => {
      const network = directory.networks.find(
        (each) =>
          each.driver === 'bridge' &&
          !each.internal &&
          attachments.some((own) => own.network === each.name && addressOn(own, family) !== undefined),
      );
      const to = host.gateway(family);
      if (!namespace || network === undefined || to === undefined || isPlanned(name, family)) return [];
      return [wayOutProof(network.name, name, family, to)];
    }),
  );
}

function wayOutProof(network: string, from: string, family: Family, to: IpAddress): PlannedProof {
  return {
    purpose: { kind: 'way-out', network, from, family },
    request: { from, to, protocol: 'icmp', family, timeout: PROOF_PATIENCE },
  };
}

function networkProofs(directory: Directory, network: NetworkPlace, host: HostAddresses): PlannedProof[] {
  const [first] = containersOn({ directory }, network.name);
  if (network.driver !== 'bridge' || network.internal || first === undefined) return [];
  const families = ([4, 6] as const).filter((family) =>
    network.subnets.some((subnet) => prefixFamily(subnet) === family),
  );
  return families.flatMap((family) => [
    ...wayOut(network, first, family, host),
    ...wayToHost(network, first, family, host),
  ]);
}

/**
 * HTTPS, which nearly every container needs: rules tell protocols and ports apart. Whether the gateway takes it is its own
 * business.
 */
const WEB = 443;

function wayOut({ name, mtu }: NetworkPlace, from: string, family: Family, host: HostAddresses): PlannedProof[] {
  const gateway = host.gateway(family);
  if (gateway === undefined) return [];
  const out = wayOutProof(name, from, family, gateway);
  const web: PlannedProof = {
    purpose: { kind: 'way-out', network: name, from, family, port: WEB },
    request: { from, to: `${hostText(gateway)}:${WEB}`, family, timeout: PROOF_PATIENCE },
  };
  if (mtu === undefined) return [out, web];
  return [out, web, { purpose: { kind: 'size', network: name, size: mtu }, request: { ...out.request, size: mtu } }];
}

/** An address of the host that is not the network's own may be answered from by other routes. */
function wayToHost({ name }: NetworkPlace, from: string, family: Family, host: HostAddresses): PlannedProof[] {
  const to = host.uplink(family);
  if (to === undefined) return [];
  return [
    {
      purpose: { kind: 'host', network: name, from },
      request: { from, to, protocol: 'icmp', family, timeout: PROOF_PATIENCE },
    },
  ];
}

/** Of each publication the first port, then the others of ranges. */
function portProofs({ containers }: Directory, host: HostAddresses): PlannedProof[] {
  const ports = containers.flatMap((container) => portsOf(container, host));
  return [...ports.filter(({ rank }) => rank === 0), ...ports.filter(({ rank }) => rank > 0)].map(({ proof }) => proof);
}

/** Of UDP no port is tried: a program would take the packet for a question. */
function portsOf(
  { name, namespace, publications, attachments }: ContainerPlace,
  host: HostAddresses,
): { readonly rank: number; readonly proof: PlannedProof }[] {
  if (namespace === undefined) return [];
  return publications.flatMap(({ protocol, hostAddress, hostPorts }) => {
    const family = familyOf(hostAddress);
    const reachable = attachments.some((attachment) => addressOn(attachment, family) !== undefined);
    const address = isUnspecified(hostAddress) ? host.uplink(family) : hostAddress;
    if (protocol !== 'tcp' || !reachable || address === undefined) return [];
    const from = isLoopback(hostAddress) ? 'host' : 'outside';
    const count = Math.min(hostPorts.last - hostPorts.first + 1, PACKETS);
    return Array.from({ length: count }, (_, rank) => {
      const port = hostPorts.first + rank;
      const request = { from, to: `${hostText(address)}:${port}`, family, timeout: PROOF_PATIENCE };
      const purpose = { kind: 'way-in', container: name, port, ...(rank > 0 && { spare: true as const }) } as const;
      return { rank, proof: { purpose, request } };
    });
  });
}

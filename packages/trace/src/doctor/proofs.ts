import { type Family, familyOf, type IpAddress, isLoopback, prefixFamily } from '@fairlead/base';
import { addressOn, type ContainerPlace, type Directory, type NetworkPlace } from '../model/directory.ts';
import type { HostAddresses } from '../plan.ts';
import { attemptProofs } from './attempt-proofs.ts';
import { containersOn, type InsideState } from './host-state.ts';
import { neighbourProofs } from './neighbour-proofs.ts';
import { type PlannedProof, PROOF_PATIENCE } from './planned-proof.ts';

/** Published ports that are tried; each costs some tens of milliseconds. */
const PORTS = 24;
/** Packets that are sent for containers rather than networks; the same holds for them. */
const CONTAINERS = 32;
/** Packets between containers of one network. */
const NEIGHBOURS = 40;

/** Which packets are sent to prove that the networks work. */
export function planProofs(
  directory: Directory,
  host: HostAddresses,
  inside: readonly InsideState[] = [],
): PlannedProof[] {
  const ofNetworks = directory.networks.flatMap((network) => networkProofs(directory, network, host));
  return [
    ...attemptProofs(directory, inside),
    ...ofNetworks,
    ...portProofs(directory, host),
    ...containerProofs(directory, host, ofNetworks),
    ...directory.networks.flatMap((network) => neighbourProofs(directory, inside, network)).slice(0, NEIGHBOURS),
  ];
}

/** A container may be broken by itself: those that no network has sent a packet from send one. */
function containerProofs(directory: Directory, host: HostAddresses, planned: readonly PlannedProof[]): PlannedProof[] {
  const isPlanned = (name: string, family: Family) =>
    planned.some(({ purpose }) => purpose.kind === 'way-out' && purpose.from === name && purpose.family === family);
  const proofs = directory.containers.flatMap(({ name, namespace, attachments }) =>
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
  return proofs.slice(0, CONTAINERS);
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

function wayOut({ name, mtu }: NetworkPlace, from: string, family: Family, host: HostAddresses): PlannedProof[] {
  const gateway = host.gateway(family);
  if (gateway === undefined) return [];
  const out = wayOutProof(name, from, family, gateway);
  if (mtu === undefined) return [out];
  return [out, { purpose: { kind: 'size', network: name, size: mtu }, request: { ...out.request, size: mtu } }];
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

function portProofs({ containers }: Directory, host: HostAddresses): PlannedProof[] {
  return containers.flatMap((container) => portsOf(container, host)).slice(0, PORTS);
}

function portsOf({ name, namespace, publications, attachments }: ContainerPlace, host: HostAddresses): PlannedProof[] {
  if (namespace === undefined) return [];
  return publications.flatMap(({ protocol, hostAddress, hostPorts }): PlannedProof[] => {
    const family = familyOf(hostAddress);
    const reachable = attachments.some((attachment) => addressOn(attachment, family) !== undefined);
    const everywhere = hostAddress === '0.0.0.0' || hostAddress === '::';
    const address = everywhere ? host.uplink(family) : hostAddress;
    if (protocol !== 'tcp' || !reachable || address === undefined || isLoopback(hostAddress)) return [];
    const to = family === 6 ? `[${address}]:${hostPorts.first}` : `${address}:${hostPorts.first}`;
    return [
      {
        purpose: { kind: 'way-in', container: name, port: hostPorts.first },
        request: { from: 'outside', to, family, timeout: PROOF_PATIENCE },
      },
    ];
  });
}

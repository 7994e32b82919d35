import { type Family, familyOf, type IpAddress, isLoopback, prefixFamily } from '@fairlead/base';
import { addressOn, type ContainerPlace, type Directory, type NetworkPlace } from '../model/directory.ts';
import type { HostAddresses, TraceRequest } from '../plan.ts';
import { containersOn, type ProofOf } from './host-state.ts';

/** A packet that is to prove something. */
export interface PlannedProof {
  readonly purpose: ProofOf['purpose'];
  readonly request: TraceRequest;
}

/** Milliseconds: what works answers at once. */
const PATIENCE = 300;
/** Published ports that are tried; each costs some tens of milliseconds. */
const PORTS = 24;
/** Packets that are sent for containers rather than networks; the same holds for them. */
const CONTAINERS = 32;

/** Which packets are sent to prove that the networks work. */
export function planProofs(directory: Directory, host: HostAddresses): PlannedProof[] {
  const ofNetworks = directory.networks.flatMap((network) => networkProofs(directory, network, host));
  return [...ofNetworks, ...portProofs(directory, host), ...containerProofs(directory, host, ofNetworks)];
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
    request: { from, to, protocol: 'icmp', family, timeout: PATIENCE },
  };
}

function networkProofs(directory: Directory, network: NetworkPlace, host: HostAddresses): PlannedProof[] {
  if (network.driver !== 'bridge') return [];
  const [first, second] = containersOn({ directory }, network.name);
  if (first === undefined) return [];
  const families = ([4, 6] as const).filter((family) =>
    network.subnets.some((subnet) => prefixFamily(subnet) === family),
  );
  return families.flatMap((family) => [
    ...(network.internal ? [] : wayOut(network, first, family, host)),
    ...(second === undefined || !network.open ? [] : neighbours(directory, network, { first, second, family })),
  ]);
}

function wayOut({ name, mtu }: NetworkPlace, from: string, family: Family, host: HostAddresses): PlannedProof[] {
  const gateway = host.gateway(family);
  if (gateway === undefined) return [];
  const out = wayOutProof(name, from, family, gateway);
  if (mtu === undefined) return [out];
  return [out, { purpose: { kind: 'size', network: name, size: mtu }, request: { ...out.request, size: mtu } }];
}

function neighbours(
  directory: Directory,
  { name }: NetworkPlace,
  { first, second, family }: { readonly first: string; readonly second: string; readonly family: Family },
): PlannedProof[] {
  const attachment = directory.containers
    .find((container) => container.name === second)
    ?.attachments.find(({ network }) => network === name);
  const to = attachment && addressOn(attachment, family);
  if (to === undefined) return [];
  return [
    {
      purpose: { kind: 'neighbours', network: name },
      request: { from: first, to, protocol: 'icmp', family, timeout: PATIENCE },
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
        request: { from: 'outside', to, family, timeout: PATIENCE },
      },
    ];
  });
}

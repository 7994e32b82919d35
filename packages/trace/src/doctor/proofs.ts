import { type Family, familyOf, isLoopback, prefixFamily } from '@fairlead/base';
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

/** Which packets are sent to prove that the networks work. */
export function planProofs(directory: Directory, host: HostAddresses): PlannedProof[] {
  return [
    ...directory.networks.flatMap((network) => networkProofs(directory, network, host)),
    ...portProofs(directory, host),
  ];
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
  const request = { from, to: gateway, protocol: 'icmp', family, timeout: PATIENCE } as const;
  const out: PlannedProof = { purpose: { kind: 'way-out', network: name }, request };
  if (mtu === undefined) return [out];
  return [out, { purpose: { kind: 'size', network: name, size: mtu }, request: { ...request, size: mtu } }];
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

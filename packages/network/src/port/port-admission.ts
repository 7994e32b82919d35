import { anyPort, formatPolicy, type PortPolicy, sizeOfRange } from '@fairlead/base';
import type { Network, Sandbox } from '../model.ts';
import { containerPortsOf } from './port-binding.ts';
import type { PortBinding, PortMapping } from './port-model.ts';

/** What decides who may ask for the ports of a sandbox. */
type Publisher = Pick<Sandbox, 'ports' | 'portPolicies'>;

/** A mapping, or a part of one, whose ports are all for the same askers; without a policy for everybody. */
export interface AdmittedMapping extends PortMapping {
  readonly policy?: PortPolicy;
}

/** The policy of one binding: its own, else the container's for the port or for all, else the network's. */
export function effectivePolicy(
  { portPolicies }: Pick<Sandbox, 'portPolicies'>,
  network: Pick<Network, 'bridge'>,
  { policy, protocol, containerPort }: Pick<PortBinding, 'policy' | 'protocol' | 'containerPort'>,
): PortPolicy | undefined {
  const found =
    policy ??
    portPolicies?.[keyOf({ protocol, containerPort })] ??
    portPolicies?.[anyPort] ??
    network.bridge?.portPolicy;
  return found?.sources === undefined && found?.interfaces === undefined ? undefined : found;
}

/** A mapping in pieces that have one policy each. */
export function splitByPolicy(
  sandbox: Publisher,
  network: Pick<Network, 'bridge'>,
  mapping: PortMapping,
): AdmittedMapping[] {
  const pieces: { piece: AdmittedMapping; readonly text: string | undefined }[] = [];
  for (const piece of cut(mapping, edges(sandbox, mapping))) {
    const port = { protocol: mapping.protocol, containerPort: piece.containerPorts.first };
    const binding = bindingOf(sandbox.ports, piece);
    const policy = effectivePolicy(sandbox, network, { ...binding, ...port });
    const text = policy && formatPolicy(policy);
    const last = pieces.at(-1);
    if (last !== undefined && last.text === text) last.piece = extended(last.piece, piece);
    else pieces.push({ piece: { ...piece, ...(policy && { policy }) }, text });
  }
  return pieces.map(({ piece }) => piece);
}

/** The container ports from which on another binding or policy may decide. */
function edges(
  { ports, portPolicies = {} }: Publisher,
  { protocol, hostPorts, containerPorts }: PortMapping,
): number[] {
  const toContainer = containerPorts.first - hostPorts.first;
  const bindings = ports
    .filter((binding) => binding.protocol === protocol)
    .flatMap((binding) => {
      const { first, last } = containerPortsOf(binding);
      const host = binding.hostPorts;
      return [first, last + 1, ...(host ? [host.first + toContainer, host.last + 1 + toContainer] : [])];
    });
  const policies = Object.keys(portPolicies).flatMap((key) => {
    const port = Number.parseInt(key, 10);
    return key.endsWith(`/${protocol}`) ? [port, port + 1] : [];
  });
  return [...new Set([...bindings, ...policies])].sort((a, b) => a - b);
}

/** A mapping in pieces that begin at its first port and at all of `starts` that are inside. */
function cut(mapping: PortMapping, starts: readonly number[]): PortMapping[] {
  const { hostPorts, containerPorts } = mapping;
  const inside = starts.filter((port) => containerPorts.first < port && port <= containerPorts.last);
  return [containerPorts.first, ...inside].map((first, at) => {
    const last = (inside[at] ?? containerPorts.last + 1) - 1;
    const toHost = hostPorts.first - containerPorts.first;
    return { ...mapping, hostPorts: { first: first + toHost, last: last + toHost }, containerPorts: { first, last } };
  });
}

/** What asked for the ports of a piece, which no binding begins or ends within. */
function bindingOf(
  ports: readonly PortBinding[],
  { protocol, hostAddress: address, hostPorts: { first: host }, containerPorts: { first: container } }: PortMapping,
): PortBinding | undefined {
  const candidates = ports.filter((binding) => {
    const { hostAddress, hostPorts } = binding;
    const own = containerPortsOf(binding);
    return (
      binding.protocol === protocol &&
      own.first <= container &&
      container <= own.last &&
      (hostAddress === undefined || hostAddress === address) &&
      (hostPorts === undefined || (hostPorts.first <= host && host <= hostPorts.last))
    );
  });
  return decisive(candidates);
}

/** Of bindings of one port the one that decides who may ask: what names it exactly comes before what leaves it open. */
export function decisive(bindings: readonly PortBinding[]): PortBinding | undefined {
  const exactness = ({ hostPorts, hostAddress, count = 1 }: PortBinding) =>
    2 * Number(hostPorts !== undefined && sizeOfRange(hostPorts) === count) + Number(hostAddress !== undefined);
  return bindings.toSorted((a, b) => exactness(b) - exactness(a))[0];
}

/** Equal for bindings of the same port of the container. */
export function keyOf({ protocol, containerPort }: Pick<PortBinding, 'protocol' | 'containerPort'>): string {
  return `${containerPort}/${protocol}`;
}

function extended(piece: AdmittedMapping, { hostPorts, containerPorts }: PortMapping): AdmittedMapping {
  return {
    ...piece,
    hostPorts: { first: piece.hostPorts.first, last: hostPorts.last },
    containerPorts: { first: piece.containerPorts.first, last: containerPorts.last },
  };
}

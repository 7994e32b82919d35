import { anyPort, formatPolicy, type IpAddress, type PortPolicy, type PortRange } from '@fairlead/base';
import type { Network, PortBinding, PortMapping, Sandbox } from './model.ts';

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

/** A mapping in pieces that have one policy each: most have none and stay whole. */
export function splitByPolicy(
  sandbox: Publisher,
  network: Pick<Network, 'bridge'>,
  mapping: PortMapping,
): AdmittedMapping[] {
  const { portPolicies, ports } = sandbox;
  const isPlain = portPolicies === undefined && !network.bridge?.portPolicy && ports.every(({ policy }) => !policy);
  if (isPlain) return [mapping];
  const asked = Map.groupBy(ports, keyOf);
  const pieces: { piece: AdmittedMapping; readonly text: string | undefined }[] = [];
  const { hostPorts, containerPorts } = mapping;
  for (let offset = 0; offset <= hostPorts.last - hostPorts.first; offset++) {
    const host = hostPorts.first + offset;
    const container = containerPorts.first + offset;
    const port = { protocol: mapping.protocol, containerPort: container };
    const binding = bindingOf(asked.get(keyOf(port)) ?? [], mapping.hostAddress, host);
    const policy = effectivePolicy(sandbox, network, { ...binding, ...port });
    const text = policy && formatPolicy(policy);
    const last = pieces.at(-1);
    if (last !== undefined && last.text === text) last.piece = extended(last.piece, host, container);
    else
      pieces.push({
        piece: { ...mapping, hostPorts: one(host), containerPorts: one(container), ...(policy && { policy }) },
        text,
      });
  }
  return pieces.map(({ piece }) => piece);
}

/** What asked for a port of the host. */
function bindingOf(ports: readonly PortBinding[], address: IpAddress, host: number): PortBinding | undefined {
  const candidates = ports.filter(
    ({ hostAddress, hostPorts }) =>
      (hostAddress === undefined || hostAddress === address) &&
      (hostPorts === undefined || (hostPorts.first <= host && host <= hostPorts.last)),
  );
  return decisive(candidates);
}

/** Of bindings of one port the one that decides who may ask: what names it exactly comes before what leaves it open. */
export function decisive(bindings: readonly PortBinding[]): PortBinding | undefined {
  const exactness = ({ hostPorts, hostAddress }: PortBinding) =>
    2 * Number(hostPorts?.first === hostPorts?.last && hostPorts !== undefined) + Number(hostAddress !== undefined);
  return bindings.toSorted((a, b) => exactness(b) - exactness(a))[0];
}

/** Equal for bindings of the same port of the container. */
export function keyOf({ protocol, containerPort }: Pick<PortBinding, 'protocol' | 'containerPort'>): string {
  return `${containerPort}/${protocol}`;
}

function extended(piece: AdmittedMapping, host: number, container: number): AdmittedMapping {
  return {
    ...piece,
    hostPorts: { first: piece.hostPorts.first, last: host },
    containerPorts: { first: piece.containerPorts.first, last: container },
  };
}

function one(port: number): PortRange {
  return { first: port, last: port };
}

import {
  FairleadError,
  formatPortRange,
  type PortProtocol,
  parsePortPolicy,
  parsePortRange,
  portProtocols,
  portsIn,
  tryParseIpAddress,
} from '@fairlead/base';
import { type BoundPort, joinBindings, type PortBinding, singleBindings } from '@fairlead/engine';
import * as v from 'valibot';
import { goMap, goObject, goString } from './go-json.ts';

/** One `HostIp`, `HostPort` pair, and where somebody said so, who may ask for it: two fields of our own. */
export interface WirePortBinding {
  readonly HostIp: string;
  readonly HostPort: string;
  readonly Sources?: readonly string[] | null | undefined;
  readonly Interfaces?: readonly string[] | null | undefined;
}

/** Bindings by container port, `80/tcp`. */
export type WirePortMap = Readonly<Record<string, readonly WirePortBinding[] | null>>;

const names = v.optional(v.nullable(v.array(v.string())));
const bindingEntries = { HostIp: goString, HostPort: goString, Sources: names, Interfaces: names };

/** `PortBindings` of a request; `null` and empty lists are kept apart from absent ones. */
export const portMapSchema = v.optional(goMap(v.nullable(v.array(goObject(bindingEntries)))), {});

/**
 * `80/tcp`, `80` or `8000-8010/udp` as protocol and ports.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function parseContainerPorts(text: string): {
  readonly protocol: PortProtocol;
  readonly ports: readonly number[];
} {
  const [number = '', protocolText = 'tcp'] = text.split('/');
  const range = parsePortRange(number);
  const protocol = portProtocols.find((name) => name === protocolText.toLowerCase());
  if (range === undefined || protocol === undefined) throw invalidPort(range === undefined ? number : text);
  return { protocol, ports: portsIn(range) };
}

/** `ExposedPorts` keys one by one in canonical form. */
export function parseExposedPorts(keys: Iterable<string>): string[] {
  return [...keys].flatMap((key) => {
    const { protocol, ports } = parseContainerPorts(key);
    return ports.map((port) => `${port}/${protocol}`);
  });
}

/**
 * A request's bindings as the engine has them.
 *
 * A port with an empty list gets one binding that leaves everything open, as it always did. The docker command writes each
 * port of a range by itself; they become one again.
 */
export function parsePortMap(map: WirePortMap): PortBinding[] {
  const asked = Object.entries(map).flatMap(([key, bindings]) => {
    const { protocol, ports } = parseContainerPorts(key);
    // It can be exposed, but nobody listens there.
    if (ports.includes(0)) throw invalidPort(key);
    const wanted = bindings === null || bindings.length === 0 ? [{ HostIp: '', HostPort: '' }] : bindings;
    return ports.flatMap((containerPort) =>
      wanted.map((binding) => ({ protocol, containerPort, ...parseHost(binding) })),
    );
  });
  return joinBindings(asked);
}

function parseHost(binding: WirePortBinding): Pick<PortBinding, 'hostAddress' | 'hostPorts' | 'policy'> {
  const { HostIp, HostPort, Sources, Interfaces } = binding;
  const hostAddress = HostIp === '' ? undefined : tryParseIpAddress(HostIp);
  if (HostIp !== '' && hostAddress === undefined) {
    throw new FairleadError('invalid-argument', `invalid IP address: ${HostIp}`);
  }
  // 0 is how some clients write "any free port".
  const open = HostPort === '' || HostPort === '0';
  const hostPorts = open ? undefined : parsePortRange(HostPort);
  if (!open && hostPorts === undefined) throw invalidPort(HostPort);
  const policy = Sources || Interfaces ? parsePortPolicy(Sources?.join(','), Interfaces?.join(',')) : undefined;
  return { ...(hostAddress && { hostAddress }), ...(hostPorts && { hostPorts }), ...(policy && { policy }) };
}

function invalidPort(text: string): FairleadError {
  return new FairleadError('invalid-argument', `invalid port specification: ${JSON.stringify(text)}`);
}

/** Bindings asked for, as `HostConfig.PortBindings` shows them. */
export function presentBindings(bindings: readonly PortBinding[]): WirePortMap {
  return group(
    bindings.flatMap(singleBindings),
    ({ protocol, containerPort }) => `${containerPort}/${protocol}`,
    (binding) => ({
      HostIp: binding.hostAddress ?? '',
      HostPort: binding.hostPorts === undefined ? '' : formatPortRange(binding.hostPorts),
      ...(binding.policy?.sources && { Sources: binding.policy.sources }),
      ...(binding.policy?.interfaces && { Interfaces: binding.policy.interfaces }),
    }),
  );
}

/** Ports as they are, as `NetworkSettings.Ports` shows them: exposed ports that are not published are `null`. */
export function presentBound(bound: readonly BoundPort[], exposed: readonly string[]): WirePortMap {
  const published = group(
    [...bound].sort(byPort),
    ({ protocol, containerPort }) => `${containerPort}/${protocol}`,
    (port) => ({
      HostIp: port.hostAddress,
      HostPort: port.hostPort === 0 ? '' : String(port.hostPort),
    }),
  );
  return { ...Object.fromEntries(exposed.map((key) => [key, null])), ...published };
}

/** One entry of `Ports` in the list of containers. */
export interface WirePort {
  readonly IP?: string;
  readonly PrivatePort: number;
  readonly PublicPort?: number;
  readonly Type: string;
}

/** Ports as the list of containers shows them. */
export function presentPortList(bound: readonly BoundPort[], exposed: readonly string[]): WirePort[] {
  const published = new Set(bound.map(({ protocol, containerPort }) => `${containerPort}/${protocol}`));
  const open = exposed
    .filter((key) => !published.has(key))
    .map((key) => ({ PrivatePort: Number.parseInt(key, 10), Type: key.split('/')[1] ?? 'tcp' }));
  const ports = [...bound].sort(byPort).map((port) => ({
    IP: port.hostAddress,
    PrivatePort: port.containerPort,
    ...(port.hostPort !== 0 && { PublicPort: port.hostPort }),
    Type: port.protocol,
  }));
  return [...ports, ...open].sort((a, b) => a.PrivatePort - b.PrivatePort);
}

/** By container port; IPv4 before IPv6, as Docker lists them. */
function byPort(a: BoundPort, b: BoundPort): number {
  return (
    a.containerPort - b.containerPort ||
    Number(a.hostAddress.includes(':')) - Number(b.hostAddress.includes(':')) ||
    a.hostPort - b.hostPort
  );
}

function group<Item, Shown>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  show: (item: Item) => Shown,
): Record<string, Shown[]> {
  const groups: Record<string, Shown[]> = {};
  for (const item of items) {
    const key = keyOf(item);
    const known = groups[key];
    if (known === undefined) groups[key] = [show(item)];
    else known.push(show(item));
  }
  return groups;
}

import { FairleadError, type IpAddress } from '@fairlead/base';
import type { NamespaceName } from '@fairlead/netlink';
import type { Directory } from '../model/directory.ts';

/** What to capture. */
export interface CaptureRequest {
  /** A container, a network, or `host`. */
  readonly target: string;
  /** In tcpdump's words; empty for everything. */
  readonly filter: string;
  /** A container's packets at the host's end of its cables instead of inside. */
  readonly hostSide?: boolean;
  /** Only this interface. */
  readonly interface?: string;
  /** Bytes of each packet that are kept; all when absent. */
  readonly snapLength?: number;
  /** End after so many packets. */
  readonly count?: number;
  /** End after so many milliseconds. */
  readonly duration?: number;
}

/** Where to capture. */
export interface CapturePlan {
  readonly namespace: NamespaceName;
  /** As interfaces are called in the file: `web`, `host`. */
  readonly place: string;
  /** Names of interfaces; all when absent. */
  readonly interfaces?: readonly string[];
  /** Also what is for others: on a bridge. */
  readonly promiscuous: boolean;
}

/**
 * Find out what is meant.
 *
 * @throws FairleadError `not-found` when nothing is called so, `conflict` for a container that does not run.
 */
export function planCapture(request: CaptureRequest, { containers, networks }: Directory): CapturePlan {
  const { target, hostSide } = request;
  const only = request.interface === undefined ? {} : { interfaces: [request.interface] };
  if (target === 'host') return { namespace: '', place: 'host', promiscuous: false, ...only };
  const container = containers.find(({ name, id }) => name === target || (target.length >= 4 && id.startsWith(target)));
  if (container !== undefined) {
    const { name, namespace, attachments } = container;
    if (namespace === undefined) throw new FairleadError('conflict', `container ${name} is not running`);
    if (hostSide !== true) return { namespace, place: name, promiscuous: false, ...only };
    const interfaces = attachments.flatMap(({ hostInterface }) => hostInterface ?? []);
    if (interfaces.length === 0)
      throw new FairleadError('invalid-argument', `container ${name} has no cable that ends in the host`);
    return { namespace: '', place: 'host', promiscuous: false, interfaces, ...only };
  }
  const network = networks.find(({ name }) => name === target);
  if (network === undefined) throw new FairleadError('not-found', `No such container or network: ${target}`);
  if (network.interface === undefined)
    throw new FairleadError('invalid-argument', `network ${target} has no interface of its own in the host`);
  const segments = (network.segments ?? []).map(({ bridge }) => bridge);
  return { namespace: '', place: 'host', promiscuous: true, interfaces: [network.interface, ...segments], ...only };
}

/** What addresses are called in a file: as containers and networks are. */
export function captureNames({ containers, networks }: Directory): [address: IpAddress, name: string][] {
  return [
    ...containers.flatMap(({ name, attachments }) =>
      attachments.flatMap(({ ipv4, ipv6 }) =>
        [ipv4, ipv6].flatMap((address): [IpAddress, string][] => (address === undefined ? [] : [[address, name]])),
      ),
    ),
    ...networks.flatMap(({ name, gateways }) =>
      gateways.map((gateway): [IpAddress, string] => [gateway, `gateway.${name}`]),
    ),
  ];
}

/** Addresses of a container, for a filter. */
export function addressesOf({ containers }: Directory, name: string): IpAddress[] {
  const found = containers.find((container) => container.name === name);
  return (found?.attachments ?? []).flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6].flatMap((address) => address ?? []));
}

import type { Family, InterfaceAddress, IpAddress, MacAddress } from '@fairlead/base';
import type { ChainSummary, LinkDetails, RouteObject, RuleObject } from '@fairlead/netlink';
import type { SocketDetails } from '@fairlead/netlink/sockets';
import type { Directory, NetworkPlace } from '../model/directory.ts';
import type { NeighborDrop } from '../model/facts.ts';
import type { TraceReport } from '../model/report.ts';

/** What a container's namespace holds. */
export interface InsideState {
  /** Name of the container. */
  readonly container: string;
  readonly links: readonly LinkDetails[];
  readonly addresses: readonly { readonly link: string; readonly address: InterfaceAddress }[];
  readonly routes: readonly RouteObject[];
  /** TCP sockets that listen, or wait for the answer to their first packet. */
  readonly sockets: readonly SocketDetails[];
  /** Settings of its interfaces and of the whole that decide about packets. */
  readonly sysctls: Readonly<Record<string, string>>;
}

/** What became of a packet that was sent to prove something. */
export interface ProofOf {
  readonly purpose:
    | {
        readonly kind: 'way-out';
        readonly network: string;
        readonly from: string;
        readonly family: Family;
        /** Of TCP; absent for an echo request. */
        readonly port?: number;
      }
    | {
        readonly kind: 'neighbours';
        readonly network: string;
        readonly from: string;
        readonly to: string;
        /** Where `to` listens; absent for an echo request. */
        readonly port?: number;
      }
    /** To the host's own address on the wire. */
    | { readonly kind: 'host'; readonly network: string; readonly from: string }
    /** What a program of the container is trying in vain as we look. */
    | { readonly kind: 'attempt'; readonly from: string; readonly to: string }
    | {
        readonly kind: 'way-in';
        readonly container: string;
        readonly port: number;
        /** Not the first of a range: many of those are held for later. */
        readonly spare?: true;
      }
    | { readonly kind: 'size'; readonly network: string; readonly size: number };
  readonly report: TraceReport;
}

/** Somebody who asked a neighbour for his hardware address, and was not answered. */
export interface Silence {
  readonly network: string;
  readonly asker: string;
  /** The asker's interface and address. */
  readonly device: string;
  readonly source: IpAddress;
  readonly target: IpAddress;
  /** Who is to have the address: a container, or `host`. */
  readonly owner: string;
  /** What the kernel dropped meanwhile: the question, or the answer. */
  readonly drop?: NeighborDrop;
}

/** Somebody who asked a neighbour for his hardware address, and was answered by several. */
export interface Rivalry extends Omit<Silence, 'drop'> {
  readonly macs: readonly MacAddress[];
}

/** What a name server said. */
export interface NameServerState {
  readonly server: IpAddress;
  /** Absent when it answered. */
  readonly failure?: string;
}

/** Everything that the checks look at, as a value: they ask nobody themselves. */
export interface HostState {
  readonly directory: Directory;
  readonly links: readonly LinkDetails[];
  readonly routes: readonly RouteObject[];
  /** Which tables of routes are asked for which packets. */
  readonly rules: readonly RuleObject[];
  readonly addresses: readonly IpAddress[];
  /** False where routing knows no way for an address that nobody here has. */
  readonly hasWayOut: Readonly<Record<Family, boolean>>;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly chains: readonly ChainSummary[];
  /** Pinned namespaces. */
  readonly namespaces: readonly string[];
  readonly inside: readonly InsideState[];
  readonly nameServers: readonly NameServerState[];
  /** A container asks the engine's name service for its own name; absent when none can. */
  readonly ownNames: readonly { readonly container: string; readonly failure?: string }[];
  /** What this kernel cannot do. */
  readonly missingFeatures: readonly string[];
  readonly proofs: readonly ProofOf[];
  readonly silences: readonly Silence[];
  readonly rivalries: readonly Rivalry[];
}

/** Running containers on a network. */
export function containersOn({ directory }: Pick<HostState, 'directory'>, network: string): string[] {
  return directory.containers
    .filter(
      ({ namespace, attachments }) => namespace !== undefined && attachments.some((each) => each.network === network),
    )
    .map(({ name }) => name);
}

/** Bridge networks with somebody on them. */
export function usedNetworks(state: HostState): NetworkPlace[] {
  return state.directory.networks.filter(
    ({ name, driver }) => driver === 'bridge' && containersOn(state, name).length > 0,
  );
}

/** Names of the containers that run. */
export function runningContainers({ directory }: Pick<HostState, 'directory'>): string[] {
  return directory.containers.filter(({ namespace }) => namespace !== undefined).map(({ name }) => name);
}

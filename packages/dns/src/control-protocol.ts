import type { ErrorCode, IpAddress, PortProtocol, PortRange } from '@fairlead/base';
import type { NamedEndpoint, NamedNetwork } from './directory.ts';
import type { NameCounters } from './name-server.ts';

/**
 * What the daemon says to the resolver process: one JSON object per line in each direction over a unix socket.
 *
 *     {"id": 1, "method": "setNetwork", "params": {"id": "n1", "name": "front"}}
 *     {"id": 1, "result": {}}
 *     {"id": 2, "error": {"code": "not-found", "message": "..."}}
 *
 * Requests of one connection are carried out in their order. Every method says how things should be, so saying it again
 * changes nothing: after a restart of either process the daemon says everything once more.
 */
export interface ResolverMethods {
  readonly ping: Method<Nothing, { readonly version: number; readonly pid: number }>;
  readonly openSandbox: Method<SandboxSettings, SandboxPorts>;
  readonly closeSandbox: Method<{ readonly id: string }, Nothing>;
  readonly setUpstreams: Method<{ readonly upstreams: readonly string[] }, Nothing>;
  readonly setNetwork: Method<NamedNetwork, Nothing>;
  readonly removeNetwork: Method<{ readonly id: string }, Nothing>;
  readonly setEndpoint: Method<NamedEndpoint, Nothing>;
  readonly removeEndpoint: Method<{ readonly id: string }, Nothing>;
  readonly reservePorts: Method<PortReservation, Nothing>;
  readonly pickPort: Method<PortChoice, PortPick>;
  /** What the two before would say; nothing is held for it. */
  readonly tryPorts: Method<PortTrial, { readonly picks: readonly PortPick[] }>;
  readonly setRelays: Method<RelaySettings, Nothing>;
  /** Give up all ports of an owner, and its relays with them. */
  readonly releasePorts: Method<{ readonly owner: string }, Nothing>;
  readonly holdFile: Method<{ readonly path: string }, Nothing>;
  readonly releaseFile: Method<{ readonly path: string }, Nothing>;
  readonly list: Method<Nothing, ResolverContents>;
  /** What the name servers of all sandboxes have done. */
  readonly statistics: Method<Nothing, { readonly sandboxes: readonly SandboxStatistics[] }>;
  /** Close everything and end the process. */
  readonly shutdown: Method<Nothing, Nothing>;
}

/** Grows when a method changes in a way that an older peer would not understand. */
export const CONTROL_VERSION = 2;

interface Method<Params, Result> {
  readonly params: Params;
  readonly result: Result;
}

/** No members. */
export type Nothing = Readonly<Record<string, never>>;

/** Name of a method. */
export type ResolverMethod = keyof ResolverMethods;

/**
 * A sandbox whose names are to be served at `nameServerAddress`. Opening an open one changes its settings and keeps its
 * ports.
 */
export interface SandboxSettings {
  readonly id: string;
  /** Where the network namespace is pinned. Another namespace at the same path counts as another sandbox. */
  readonly namespacePath: string;
  /** Asked from the host's namespace; absent means those of `setUpstreams`, now and later. */
  readonly hostUpstreams?: readonly string[];
  /** Asked from the sandbox's namespace, and when there are any instead of the host's (`--dns`). */
  readonly sandboxUpstreams?: readonly string[];
  /** False when the sandbox has internal networks only: then the host's servers are not asked for it. */
  readonly forward: boolean;
  /** Serve them at the IPv6 address, too; once begun it goes on. */
  readonly servesIpv6?: boolean;
  /** Given when the user or the host's file set `ndots`: unknown single labels are then not asked outside. */
  readonly ndots?: number;
  /** Seconds for which askers may keep local answers; default 0. */
  readonly ttl?: number;
  /** The ports of last time, to be used again if they are free. */
  readonly previousPorts?: SandboxPorts;
}

/** Ports of one address. */
export interface ServerPorts {
  readonly udpPort: number;
  readonly tcpPort: number;
}

/** Where a sandbox's server listens inside the sandbox, at 127.0.0.11 and, when it was asked for, at the IPv6 address. */
export interface SandboxPorts extends ServerPorts {
  readonly ipv6?: ServerPorts;
}

/** Consecutive ports of one address of the host. */
export interface HostPorts extends PortRange {
  readonly protocol: PortProtocol;
  readonly address: IpAddress;
}

/** Ports that are to be held in addition to what the owner has; all of them or, on an error, none. */
export interface PortReservation {
  readonly owner: string;
  readonly ports: readonly HostPorts[];
}

/** Any one free port, the same for all addresses. */
export interface PortChoice {
  readonly owner: string;
  readonly protocol: PortProtocol;
  readonly addresses: readonly IpAddress[];
  /** Absent means the kernel's range of ephemeral ports without the reserved ones. */
  readonly range?: PortRange;
}

/** The port that is now held. */
export interface PortPick {
  readonly port: number;
}

/** Ports that an owner would ask for. */
export interface PortTrial extends PortReservation {
  readonly choices: readonly Omit<PortChoice, 'owner'>[];
  /** It would have given up what it has. */
  readonly anew: boolean;
}

/**
 * Consecutive ports of the host whose IPv6 connections and datagrams are passed on, as far as the firewall hands them
 * over (`relayElements` in `firewall`). Answers to datagrams leave from the port that the owner holds.
 */
export interface Relay extends PortRange {
  readonly protocol: 'tcp' | 'udp';
  /** IPv6; `::` stands for every address. */
  readonly hostAddress: IpAddress;
  /** Of either family. */
  readonly containerAddress: IpAddress;
  /** Where `first` leads; the ports after it follow in step. */
  readonly containerFirst: number;
}

/**
 * All relays of an owner, in the place of those that it had: none takes them away. Connections whose relay stays the same
 * go on, others are reset.
 */
export interface RelaySettings {
  readonly owner: string;
  readonly relays: readonly Relay[];
}

/** What the name server of one sandbox has done since the sandbox was opened. */
export interface SandboxStatistics extends NameCounters {
  /** The sandbox. */
  readonly id: string;
}

/** Everything that the process holds. */
export interface ResolverContents {
  readonly sandboxes: readonly (SandboxSettings & SandboxPorts)[];
  readonly upstreams: readonly string[];
  readonly networks: readonly NamedNetwork[];
  readonly endpoints: readonly NamedEndpoint[];
  readonly reservations: readonly PortReservation[];
  readonly relays: readonly RelaySettings[];
  readonly files: readonly string[];
}

/** Which port could not be held and why. */
export interface PortFailure {
  /** `EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`... */
  readonly errno: string;
  readonly protocol: PortProtocol;
  readonly address: IpAddress;
  readonly port: number;
  /** The owner that has the port, when it is one of ours and not another process. */
  readonly heldBy?: string;
}

/** A request on the wire. */
export interface ControlRequest {
  readonly id: number;
  readonly method: string;
  readonly params?: unknown;
}

/** An error on the wire. */
export interface ControlFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly port?: PortFailure;
}

/** A response on the wire. */
export type ControlResponse =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: ControlFailure };

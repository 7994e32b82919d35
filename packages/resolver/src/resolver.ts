import { FairleadError } from '@fairlead/base';
import {
  CONTROL_VERSION,
  Directory,
  Forwarder,
  type Nothing,
  ownSockets,
  parseUpstream,
  type ResolverContents,
  type ResolverMethod,
  type ResolverMethods,
  type SandboxPorts,
  type SandboxSettings,
} from '@fairlead/dns';
import { HeldFiles } from './held-files.ts';
import { socketsInside } from './namespace-sockets.ts';
import { PortReservations } from './port-reservations.ts';
import { RelayService } from './relay.ts';
import { namespaceIdentity, SandboxServer } from './sandbox-server.ts';

/** A function for each method of the control protocol. */
export type MethodTable = {
  readonly [Name in ResolverMethod]: (params: ResolverMethods[Name]['params']) => ResolverMethods[Name]['result'];
};

/** Everything that the process does, without its control socket. */
export class Resolver implements Disposable {
  readonly #directory = new Directory();
  readonly #sandboxes = new Map<string, SandboxServer>();
  /** One forwarder, and so one cache, for all sandboxes that ask the same servers from the host. */
  readonly #hostForwarders = new Map<string, Forwarder>();
  readonly #ports = new PortReservations();
  readonly #relay = new RelayService((address, port) => this.#ports.socketOf('udp', address, port));
  readonly #files = new HeldFiles();
  readonly #end: () => void;
  #upstreams: readonly string[] = [];

  /** @param end is called when the daemon asks the process to end. */
  constructor(end: () => void) {
    this.#end = end;
  }

  /** What the control socket offers. */
  readonly methods: MethodTable = {
    ping: () => ({ version: CONTROL_VERSION, pid: process.pid }),
    openSandbox: (settings) => this.#openSandbox(settings),
    closeSandbox: ({ id }) => this.#closeSandbox(id),
    setUpstreams: ({ upstreams }) => this.#setUpstreams(upstreams),
    setNetwork: (network) => done(() => this.#directory.setNetwork(network)),
    removeNetwork: ({ id }) => done(() => this.#directory.removeNetwork(id)),
    setEndpoint: (endpoint) => done(() => this.#directory.setEndpoint(endpoint)),
    removeEndpoint: ({ id }) => done(() => this.#directory.removeEndpoint(id)),
    reservePorts: (reservation) => done(() => this.#ports.reserve(reservation)),
    pickPort: (choice) => this.#ports.pick(choice),
    tryPorts: (trial) => ({ picks: this.#ports.try(trial) }),
    setRelays: (settings) => done(() => this.#relay.set(settings)),
    releasePorts: ({ owner }) => done(() => this.#releasePorts(owner)),
    holdFile: ({ path }) => done(() => this.#files.hold(path)),
    releaseFile: ({ path }) => done(() => this.#files.release(path)),
    list: () => this.#list(),
    statistics: () => ({ sandboxes: [...this.#sandboxes].map(([id, server]) => ({ id, ...server.counters })) }),
    shutdown: () => done(() => this.#end()),
  };

  [Symbol.dispose](): void {
    for (const server of this.#sandboxes.values()) server[Symbol.dispose]();
    this.#sandboxes.clear();
    this.#relay[Symbol.dispose]();
    this.#ports[Symbol.dispose]();
    this.#files[Symbol.dispose]();
  }

  #openSandbox(settings: SandboxSettings): SandboxPorts {
    const forwarder = this.#forwarderFor(settings);
    let server = this.#sandboxes.get(settings.id);
    if (server !== undefined && server.namespace !== namespaceIdentity(settings.namespacePath)) {
      this.#closeSandbox(settings.id);
      server = undefined;
    }
    server ??= new SandboxServer(settings, this.#directory);
    this.#sandboxes.set(settings.id, server);
    server.configure(settings, forwarder);
    this.#dropUnusedForwarders();
    return server.ports;
  }

  #closeSandbox(id: string) {
    this.#sandboxes.get(id)?.[Symbol.dispose]();
    this.#sandboxes.delete(id);
    return {};
  }

  #setUpstreams(upstreams: readonly string[]) {
    for (const upstream of upstreams) parseUpstream(upstream);
    this.#upstreams = upstreams;
    for (const server of this.#sandboxes.values()) {
      if (followsHost(server.settings)) server.configure(server.settings, this.#forwarderFor(server.settings));
    }
    this.#dropUnusedForwarders();
    return {};
  }

  #forwarderFor(settings: SandboxSettings): Forwarder | undefined {
    const { sandboxUpstreams = [], hostUpstreams = this.#upstreams, forward, namespacePath } = settings;
    if (sandboxUpstreams.length > 0) {
      return new Forwarder({ upstreams: sandboxUpstreams.map(parseUpstream), sockets: socketsInside(namespacePath) });
    }
    if (!forward || hostUpstreams.length === 0) return undefined;
    const key = hostUpstreams.join(' ');
    const known = this.#hostForwarders.get(key);
    if (known !== undefined) return known;
    const forwarder = new Forwarder({ upstreams: hostUpstreams.map(parseUpstream), sockets: ownSockets });
    this.#hostForwarders.set(key, forwarder);
    return forwarder;
  }

  /** Forwarders of lists that no sandbox uses any more, with their caches. */
  #dropUnusedForwarders(): void {
    if (this.#hostForwarders.size < 2) return;
    const used = new Set([...this.#sandboxes.values()].map(({ settings }) => this.#forwarderFor(settings)));
    for (const [key, forwarder] of this.#hostForwarders) if (!used.has(forwarder)) this.#hostForwarders.delete(key);
  }

  #releasePorts(owner: string): void {
    this.#relay.set({ owner, relays: [] });
    this.#ports.release(owner);
  }

  #list(): ResolverContents {
    return {
      sandboxes: [...this.#sandboxes.values()].map(({ settings, ports }) => ({ ...settings, ...ports })),
      upstreams: this.#upstreams,
      networks: this.#directory.networks(),
      endpoints: this.#directory.endpoints(),
      reservations: this.#ports.list(),
      relays: this.#relay.list(),
      files: this.#files.list(),
    };
  }
}

function followsHost({ hostUpstreams, sandboxUpstreams = [] }: SandboxSettings): boolean {
  return hostUpstreams === undefined && sandboxUpstreams.length === 0;
}

/** The result of a method that has nothing to tell. */
function done(work: () => void): Nothing {
  work();
  return {};
}

/** @throws FairleadError `not-implemented` for a name that is no method. */
export function methodOf(table: MethodTable, name: string): (params: unknown) => unknown {
  if (!Object.hasOwn(table, name)) throw new FairleadError('not-implemented', `no such method: ${name}`);
  return Reflect.get(table, name);
}

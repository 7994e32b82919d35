import { statSync } from 'node:fs';
import net from 'node:net';
import type { Family } from '@fairlead/base';
import {
  type Directory,
  type Forwarder,
  type NameCounters,
  NameServer,
  type NameSource,
  type SandboxPorts,
  type SandboxSettings,
  type ServerPorts,
  serveStreams,
} from '@fairlead/dns';
import { serveDatagramBatches } from '@fairlead/kernel/sockets';
import { openServerSockets } from './namespace-sockets.ts';

/** The name server of one sandbox. Its sockets stay as they are for as long as the sandbox lives. */
export class SandboxServer implements Disposable {
  readonly namespace: string;
  readonly #names: NameServer;
  readonly #resources = new DisposableStack();
  #ports: SandboxPorts;
  #settings: SandboxSettings;
  #forwarder: Forwarder | undefined;

  /** @throws Error when the namespace is gone or its loopback interface is down. */
  constructor(settings: SandboxSettings, directory: Directory) {
    this.#settings = settings;
    this.namespace = namespaceIdentity(settings.namespacePath);
    this.#names = new NameServer(this.#source(directory));
    this.#ports = this.#serve(4, settings.previousPorts);
  }

  /** Where it listens. */
  get ports(): SandboxPorts {
    return this.#ports;
  }

  get settings(): SandboxSettings {
    return this.#settings;
  }

  /** What was asked for inside. */
  get counters(): NameCounters {
    return this.#names.counters;
  }

  /** Take new settings; what is under way ends with the old ones. */
  configure(settings: SandboxSettings, forwarder: Forwarder | undefined): void {
    if (settings.servesIpv6 === true && this.#ports.ipv6 === undefined) {
      this.#ports = { ...this.#ports, ipv6: this.#serve(6, settings.previousPorts?.ipv6) };
    }
    this.#settings = settings;
    this.#forwarder = forwarder;
  }

  #serve(family: Family, previous: ServerPorts | undefined): ServerPorts {
    const names = this.#names;
    const { namespacePath } = this.#settings;
    const { datagram, stream, udpPort, tcpPort } = openServerSockets(namespacePath, family, previous);
    this.#resources.use(
      serveDatagramBatches(datagram, (slot, length, later) => names.answerDatagram(slot, length, later)),
    );
    this.#resources.use(serveStreams(new net.Server().listen({ fd: stream }), names));
    return { udpPort, tcpPort };
  }

  [Symbol.dispose](): void {
    this.#resources.dispose();
  }

  #source(directory: Directory): NameSource {
    const settings = () => this.#settings;
    const forwarder = () => this.#forwarder;
    let revision = 0;
    let seen: unknown;
    return {
      view: directory.view(settings().id),
      get generation() {
        // Other settings, other answers.
        if (seen !== settings()) revision += 1e9;
        seen = settings();
        return revision + directory.generation;
      },
      get options() {
        return { ttl: settings().ttl ?? 0, ndotsSet: settings().ndots !== undefined };
      },
      get forwarder() {
        return forwarder();
      },
    };
  }
}

/** What tells a namespace from another one that was pinned at the same path. */
export function namespaceIdentity(path: string): string {
  const { dev, ino } = statSync(path);
  return `${dev}:${ino}`;
}

import { statSync } from 'node:fs';
import net from 'node:net';
import {
  type Directory,
  type Forwarder,
  type NameCounters,
  NameServer,
  type NameSource,
  type SandboxPorts,
  type SandboxSettings,
  serveStreams,
} from '@fairlead/dns';
import { serveDatagramBatches } from '@fairlead/kernel';
import { openServerSockets } from './namespace-sockets.ts';

/** The name server of one sandbox. Its sockets stay as they are for as long as the sandbox lives. */
export class SandboxServer implements Disposable {
  readonly ports: SandboxPorts;
  readonly namespace: string;
  readonly #names: NameServer;
  readonly #resources = new DisposableStack();
  #settings: SandboxSettings;
  #forwarder: Forwarder | undefined;

  /** @throws Error when the namespace is gone or its loopback interface is down. */
  constructor(settings: SandboxSettings, directory: Directory) {
    this.#settings = settings;
    this.namespace = namespaceIdentity(settings.namespacePath);
    const { datagram, stream, udpPort, tcpPort } = openServerSockets(settings.namespacePath, settings.previousPorts);
    this.ports = { udpPort, tcpPort };
    const names = new NameServer(this.#source(directory));
    this.#names = names;
    this.#resources.use(
      serveDatagramBatches(datagram, (slot, length, later) => names.answerDatagram(slot, length, later)),
    );
    this.#resources.use(serveStreams(new net.Server().listen({ fd: stream }), names));
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
    this.#settings = settings;
    this.#forwarder = forwarder;
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

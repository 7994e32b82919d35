import net from 'node:net';
import { parseIpAddress } from '@fairlead/base';
import { isSameTarget, type RelayTable, type RelayTarget } from './relay-table.ts';

/** How many connections are passed on at the same time; further ones are reset. Each takes two descriptors. */
export interface StreamLimits {
  readonly total: number;
  readonly perOwner: number;
}

interface Connection {
  readonly client: net.Socket;
  readonly container: net.Socket;
  readonly target: RelayTarget;
}

/** Milliseconds without traffic after which the peer is asked whether it is still there. */
const KEEP_ALIVE_DELAY = 30_000;
const socketOptions = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEP_ALIVE_DELAY,
} as const;

/**
 * Passes TCP connections on to containers. The sockets' own addresses tell where the clients wanted to go: the listener
 * is transparent. A connection is accepted before the container is asked; when that refuses, the client is reset.
 */
export class StreamRelay implements Disposable {
  readonly #table: RelayTable;
  readonly #limits: StreamLimits;
  readonly #server: net.Server;
  readonly #connections = new Map<string, Set<Connection>>();
  #total = 0;

  /** @param descriptor a listening transparent socket, which is now owned. */
  constructor(descriptor: number, table: RelayTable, limits: StreamLimits) {
    this.#table = table;
    this.#limits = limits;
    this.#server = net.createServer(socketOptions, (client) => this.#accept(client));
    // A connection that could not be accepted is lost; the next one may be luckier.
    this.#server.on('error', () => {});
    this.#server.listen({ fd: descriptor });
  }

  /** Reset the connections of an owner that would now go somewhere else, or nowhere. */
  review(owner: string): void {
    for (const { client, container, target } of this.#connections.get(owner) ?? []) {
      if (isSameTarget(target, this.#targetOf(client))) continue;
      reset(client);
      reset(container);
    }
  }

  [Symbol.dispose](): void {
    this.#server.close();
    for (const connections of this.#connections.values()) {
      for (const { client, container } of connections) {
        reset(client);
        reset(container);
      }
    }
  }

  #accept(client: net.Socket): void {
    client.on('error', () => {});
    const target = this.#targetOf(client);
    if (target === undefined || !this.#hasRoom(target.owner)) {
      reset(client);
      return;
    }
    const { address: host, port } = target;
    const container = net.connect({ ...socketOptions, host, port });
    this.#keep({ client, container, target });
    pass(client, container);
    pass(container, client);
  }

  #targetOf({ localAddress, localPort }: net.Socket): RelayTarget | undefined {
    if (localAddress === undefined || localPort === undefined) return undefined;
    const [address = ''] = localAddress.split('%');
    return this.#table.find('tcp', parseIpAddress(address), localPort);
  }

  #hasRoom(owner: string): boolean {
    return this.#total < this.#limits.total && (this.#connections.get(owner)?.size ?? 0) < this.#limits.perOwner;
  }

  /** Count the connection until both of its sockets are closed. */
  #keep(connection: Connection): void {
    const { owner } = connection.target;
    const connections = this.#connections.get(owner) ?? new Set();
    this.#connections.set(owner, connections.add(connection));
    this.#total++;
    let open = 2;
    const closed = () => {
      if (--open > 0) return;
      this.#total--;
      connections.delete(connection);
      if (connections.size === 0 && this.#connections.get(owner) === connections) this.#connections.delete(owner);
    };
    connection.client.on('close', closed);
    connection.container.on('close', closed);
  }
}

/** One direction: no faster than it is taken, its end passed on as an end and its failure as a reset. */
function pass(from: net.Socket, to: net.Socket): void {
  from.pipe(to);
  from.on('error', () => reset(to));
}

/** Tell the peer that this did not end well; one that was not reached yet is left alone. */
function reset(socket: net.Socket): void {
  if (socket.connecting) socket.destroy();
  else socket.resetAndDestroy();
}

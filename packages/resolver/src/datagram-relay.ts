import type { IpAddress } from '@fairlead/base';
import {
  type DatagramFlow,
  interceptDatagrams,
  openDatagramFlow,
  readSocketAddress,
  sendDatagramFrom,
} from '@fairlead/kernel/sockets';
import { isSameTarget, type RelayTable, type RelayTarget } from './relay-table.ts';

/** How many flows are kept, and for how many milliseconds after their last datagram. */
export interface DatagramLimits {
  readonly flows: number;
  readonly idle: number;
}

/** The socket that holds a UDP port of the host: answers leave from it. */
export type HeldSocket = (address: IpAddress, port: number) => number | undefined;

/** What one client sends to one address and port of the host, and what comes back. */
interface Flow {
  readonly socket: DatagramFlow;
  readonly target: RelayTarget;
  readonly address: IpAddress;
  readonly port: number;
  used: number;
}

/** How often in its idle time a flow is looked at. */
const LOOKS = 4;

/** Passes UDP datagrams on to containers, from a socket of its own for each client so that answers find the way back. */
export class DatagramRelay implements Disposable {
  readonly #table: RelayTable;
  readonly #held: HeldSocket;
  readonly #limits: DatagramLimits;
  readonly #interception: Disposable;
  /** By client and destination, the one that was unused longest first. */
  readonly #flows = new Map<string, Flow>();
  #timer: NodeJS.Timeout | undefined;

  /** @param descriptor a bound transparent socket, which is now owned. */
  constructor(descriptor: number, table: RelayTable, held: HeldSocket, limits: DatagramLimits) {
    this.#table = table;
    this.#held = held;
    this.#limits = limits;
    this.#interception = interceptDatagrams(descriptor, (datagram, source, destination) => {
      this.#flowOf(source, destination)?.socket.send(datagram);
    });
  }

  /** End the flows of an owner that would now go somewhere else, or nowhere. */
  review(owner: string): void {
    for (const [key, { target, address, port }] of this.#flows) {
      if (target.owner === owner && !isSameTarget(target, this.#table.find('udp', address, port))) this.#end(key);
    }
  }

  [Symbol.dispose](): void {
    this.#interception[Symbol.dispose]();
    for (const key of this.#flows.keys()) this.#end(key);
  }

  #flowOf(source: Uint8Array, destination: Uint8Array): Flow | undefined {
    const key = `${textOf(source)}${textOf(destination)}`;
    const flow = this.#flows.get(key) ?? this.#open(source, destination);
    if (flow === undefined) return undefined;
    flow.used = performance.now();
    this.#flows.delete(key);
    this.#flows.set(key, flow);
    return flow;
  }

  #open(source: Uint8Array, destination: Uint8Array): Flow | undefined {
    const { address, port } = readSocketAddress(destination);
    const target = this.#table.find('udp', address, port);
    if (target === undefined) return undefined;
    if (this.#flows.size >= this.#limits.flows) this.#endOldest();
    const [from, to] = [destination.slice(), source.slice()];
    const socket = openDatagramFlow(target.address, target.port, (answer) => {
      const descriptor = this.#held(address, port);
      if (descriptor !== undefined) sendDatagramFrom(descriptor, answer, from, to);
      flow.used = performance.now();
    });
    const flow: Flow = { socket, target, address, port, used: 0 };
    this.#timer ??= setInterval(() => this.#endIdle(), this.#limits.idle / LOOKS).unref();
    return flow;
  }

  #endIdle(): void {
    const since = performance.now() - this.#limits.idle;
    for (const [key, flow] of this.#flows) if (flow.used < since) this.#end(key);
  }

  #endOldest(): void {
    const [key] = this.#flows.keys();
    if (key !== undefined) this.#end(key);
  }

  #end(key: string): void {
    this.#flows.get(key)?.socket[Symbol.dispose]();
    this.#flows.delete(key);
    if (this.#flows.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Bytes as a key of a map. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

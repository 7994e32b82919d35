import { FairleadError, relayEndpoint } from '@fairlead/base';
import type { RelaySettings } from '@fairlead/dns';
import { closeDescriptor, openDatagramSocket, openStreamSocket, SystemCallError } from '@fairlead/kernel/sockets';
import { type DatagramLimits, DatagramRelay, type HeldSocket } from './datagram-relay.ts';
import { RelayTable } from './relay-table.ts';
import { type StreamLimits, StreamRelay } from './stream-relay.ts';

/** What the relay may take; names and ports must still find descriptors when it has taken all. */
export interface RelayLimits {
  readonly streams: StreamLimits;
  readonly datagrams: DatagramLimits;
}

/** 90 s is what Docker's own proxy waits. */
const defaultLimits: RelayLimits = {
  streams: { total: 4096, perOwner: 2048 },
  datagrams: { flows: 2048, idle: 90_000 },
};

/**
 * The way into containers where the firewall cannot translate: one TCP and one UDP socket for all published ports of the
 * host, opened when the first relay is set. The firewall hands them packets for other addresses (`tproxy`), so a port
 * costs an entry in a table and an element in a set, and nothing while nobody uses it.
 */
export class RelayService implements Disposable {
  readonly #table = new RelayTable();
  readonly #held: HeldSocket;
  readonly #limits: RelayLimits;
  #streams: StreamRelay | undefined;
  #datagrams: DatagramRelay | undefined;

  /** @param held finds the socket that holds a UDP port. */
  constructor(held: HeldSocket, limits: RelayLimits = defaultLimits) {
    this.#held = held;
    this.#limits = limits;
  }

  /**
   * Replace the relays of an owner.
   *
   * @throws FairleadError `invalid-argument`, or `conflict` when another process relays in this namespace.
   */
  set(settings: RelaySettings): void {
    if (settings.relays.length > 0 && this.#streams === undefined) this.#open();
    this.#table.set(settings);
    this.#streams?.review(settings.owner);
    this.#datagrams?.review(settings.owner);
  }

  list(): RelaySettings[] {
    return this.#table.list();
  }

  [Symbol.dispose](): void {
    this.#streams?.[Symbol.dispose]();
    this.#datagrams?.[Symbol.dispose]();
  }

  #open(): void {
    const where = { family: 6, ...relayEndpoint, transparent: true } as const;
    try {
      const datagram = openDatagramSocket(where);
      try {
        // Connections inherit the option, without which their ends would keep their ports from being held again.
        const stream = openStreamSocket({ ...where, reuseAddress: true, listen: true });
        this.#streams = new StreamRelay(stream, this.#table, this.#limits.streams);
      } catch (error) {
        closeDescriptor(datagram);
        throw error;
      }
      this.#datagrams = new DatagramRelay(datagram, this.#table, this.#held, this.#limits.datagrams);
    } catch (error) {
      const errno = error instanceof SystemCallError ? error.errno : undefined;
      if (errno === 'EADDRINUSE')
        throw new FairleadError('conflict', 'another process relays ports of this host', { cause: error });
      // Without IPv6 there is nothing to relay.
      if (errno !== 'EAFNOSUPPORT') throw error;
    }
  }
}

import { errnoOf, type OpenNamespace } from '@fairlead/kernel';
import { type BatchRequest, encodeNftBatch, NetlinkConnection } from '@fairlead/netlink';
import { encodeDeleteTraceTable, encodeTraceTable, type PacketMark, type TraceTable } from '@fairlead/netlink/tracing';
import type { TracedFamily } from '../model/traced-families.ts';

/** What is to be traced, and where. */
export interface TraceTables {
  /** Name of each table. */
  readonly name: string;
  readonly marks: readonly PacketMark[];
  readonly devices: readonly string[];
  /** A table is made in each of these. */
  readonly families: readonly TracedFamily[];
}

/** Milliseconds in which the kernel has forgotten what was deleted: it takes some tens. */
const FORGOTTEN = 250;

/** Tables of our own that switch nftables' tracing on in one namespace, and off, and on again, until disposed of. */
export class TraceSwitch implements Disposable {
  readonly #socket: ReturnType<OpenNamespace['openSocket']>;
  readonly #connection: NetlinkConnection;
  readonly #tables: TraceTables;
  #made: BatchRequest[] = [];

  /** @throws SystemCallError or NetlinkError when tables cannot be made there. */
  constructor(namespace: OpenNamespace, tables: TraceTables) {
    this.#socket = namespace.openSocket('netfilter');
    this.#connection = new NetlinkConnection(this.#socket);
    this.#tables = tables;
    try {
      this.on();
    } catch (error) {
      this.#socket[Symbol.dispose]();
      throw error;
    }
  }

  /** @throws NetlinkError */
  on(): void {
    if (this.#made.length > 0) return;
    for (const family of this.#tables.families) {
      if (family === 'inet') this.#make(family);
      // A kernel may be built without either of the others.
      else attempt(() => this.#make(family));
    }
  }

  /** Delete the tables; what cannot be deleted goes with the socket. */
  off(): void {
    if (this.#made.length === 0) return;
    const made = this.#made;
    attempt(() => {
      this.#connection.executeBatch(encodeNftBatch(made));
      this.#made = [];
    });
  }

  /**
   * Tables that go with their socket keep everybody else from changing rules until the kernel has forgotten them (RCU); deleted
   * ones do not, unless the socket is closed in the meantime (net/netfilter/nf_tables_api.c, nft_rcv_nl_event).
   */
  [Symbol.dispose](): void {
    this.off();
    setTimeout(() => this.#socket[Symbol.dispose](), FORGOTTEN).unref();
  }

  #make(family: TraceTable['family']): void {
    const { name, marks, devices } = this.#tables;
    this.#connection.executeBatch(encodeNftBatch(encodeTraceTable({ family, name, marks, devices })));
    this.#made.push(encodeDeleteTraceTable({ family, name }));
  }
}

function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

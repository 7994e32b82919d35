import { EventRing, type NetlinkListener, SocketProgram } from '@fairlead/kernel/tracing';
import type { Message } from '@fairlead/netlink';
import { kernelLayout } from '../collect/layout-source.ts';
import { requesterProgram } from '../program/requester-program.ts';
import { decodeRequesterRecord, type RequesterRecord } from '../program/requester-record.ts';
import { type Author, authorAt, authorOf } from './author.ts';
import { isAskedFor, Requesters } from './requesters.ts';

/** Bytes: some thousand notifications between two turns of the event loop. */
const RING_BYTES = 1 << 16;
/** Threads of the kernel that do what somebody else has put off. */
const kernelThread = /^(kworker|ksoftirqd|swapper)\b/;

/** Knows in whose name notifications of rtnetlink come, by a program at our own socket: nobody else's work takes longer. */
export class RequesterWatch implements Disposable {
  readonly #requesters = new Requesters();
  readonly #parts = new DisposableStack();
  #drain: () => void = () => {};

  /** Ask from now on. @throws Error where this kernel, or our rights, do not allow it: without BTF or BPF. */
  begin(listener: NetlinkListener): void {
    using parts = new DisposableStack();
    const ring = parts.use(new EventRing(RING_BYTES));
    const reading = parts.use(ring.read((record) => this.#requesters.note(decodeRequesterRecord(record))));
    const instructions = requesterProgram({ layout: kernelLayout(), ring: ring.descriptor });
    using program = new SocketProgram('fl_requesters', instructions);
    listener.ask(program);
    this.#drain = () => reading.drain();
    this.#parts.use(parts.move());
  }

  /** Who a notification that has just come is from: each is to be asked about, once, and may be answered later. */
  witness(message: Message): () => Author {
    this.#drain();
    const record = this.#requesters.take(message);
    return () => requesterOf(message, record);
  }

  /** Some of them were lost. */
  forget(): void {
    this.#drain();
    this.#requesters.forget();
  }

  [Symbol.dispose](): void {
    this.#drain = () => {};
    this.#parts.dispose();
  }
}

/** Without a witness, the number of the socket that was asked by. */
function requesterOf(message: Message, record: RequesterRecord | undefined): Author {
  if (record === undefined || !isAskedFor(message)) return authorAt(message.port);
  return kernelThread.test(record.program) ? {} : authorOf(record.processId, record.program);
}

import { attachTracingProgram, EventRing, NumberSet, ProgramText } from '@fairlead/kernel/tracing';
import { dropProgram } from '../program/drop-program.ts';
import { decodeEventRecord, type EventRecord } from '../program/event-record.ts';
import { kernelLayout } from './layout-source.ts';

/** Bytes: some thousand drops between two turns of the event loop. */
const RING_BYTES = 1 << 20;
/** Namespaces that can be watched. */
const NAMESPACES = 4096;

/** Sees every packet that is dropped in some namespaces, until disposed of. */
export interface DropWatch extends Disposable {
  readonly reasons: ReadonlyMap<number, string>;
  /** Watch a namespace, by its number, as well. */
  add(namespace: number): void;
}

/**
 * Report drops in namespaces as they happen. Nothing is copied for packets that are not dropped.
 *
 * @throws Error when this kernel, or our rights, do not allow it: the message says which.
 */
export function watchDrops(handler: (record: EventRecord) => void): DropWatch {
  using parts = new DisposableStack();
  const layout = kernelLayout();
  const ring = parts.use(new EventRing(RING_BYTES));
  parts.use(ring.read((record) => handler(decodeEventRecord(record))));
  const namespaces = parts.use(new NumberSet(NAMESPACES));
  const format = parts.use(new ProgramText('%ps'));
  const tracepointTypeId = layout.tracepoints.kfree_skb?.typeId ?? 0;
  const attach = (symbol: { readonly symbolFormat?: number }): Disposable => {
    const request = { layout, ring: ring.descriptor, namespaces: namespaces.descriptor, ...symbol };
    return attachTracingProgram({ name: 'fl_drops', instructions: dropProgram(request), tracepointTypeId });
  };
  try {
    parts.use(attach({ symbolFormat: format.descriptor }));
  } catch {
    // Before Linux 5.13 the kernel cannot name functions.
    parts.use(attach({}));
  }
  const owned = parts.move();
  return { reasons: layout.reasons, add: (number) => namespaces.add(number), [Symbol.dispose]: () => owned.dispose() };
}

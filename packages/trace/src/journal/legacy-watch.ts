import { statSync } from 'node:fs';
import type { OpenNamespace } from '@fairlead/kernel';
import { attachTracingProgram, EventRing, ProgramText } from '@fairlead/kernel/tracing';
import { kernelLayout } from '../collect/layout-source.ts';
import { legacyProgram } from '../program/legacy-program.ts';
import { decodeLegacyRecord, type LegacyRecord } from '../program/legacy-record.ts';

/** Bytes: some hundred blocks of counters between two turns of the event loop. */
const RING_BYTES = 1 << 15;

/**
 * Hear of who gives the kernel tables of the older iptables in a namespace, other than ourselves, until disposed of.
 *
 * @param ownProcess our own number, as the kernel has it.
 * @throws Error where this kernel, or our rights, do not allow it: without BTF, BPF, or what it tells of memory (Linux 5.19).
 */
export function watchLegacyTables(
  host: OpenNamespace,
  ownProcess: number,
  handler: (record: LegacyRecord) => void,
): Disposable {
  using parts = new DisposableStack();
  const layout = kernelLayout();
  const { allocation } = layout;
  if (allocation === undefined) throw new Error('this kernel does not tell who asks for memory of each processor');
  const ring = parts.use(new EventRing(RING_BYTES));
  parts.use(ring.read((record) => handler(decodeLegacyRecord(record))));
  const format = parts.use(new ProgramText('%ps'));
  const { ino: namespace } = statSync(`/proc/self/fd/${host.descriptor}`);
  const numbers = { namespace, ownProcess, ring: ring.descriptor, symbolFormat: format.descriptor };
  const instructions = legacyProgram({ layout, allocation, ...numbers });
  parts.use(attachTracingProgram({ name: 'fl_legacy', instructions, tracepointTypeId: allocation.typeId }));
  return parts.move();
}

import { statSync } from 'node:fs';
import type { OpenNamespace } from '@fairlead/kernel';
import { attachSysctlProgram, EventRing } from '@fairlead/kernel/tracing';
import { kernelLayout } from '../collect/layout-source.ts';
import { sysctlProgram } from '../program/sysctl-program.ts';
import { decodeSysctlRecord, type SysctlRecord } from '../program/sysctl-record.ts';

/** Bytes: some four hundred writes between two turns of the event loop. */
const RING_BYTES = 1 << 16;

/**
 * Hear of every setting of a namespace's network that a process other than ourselves writes, until disposed of.
 *
 * @param ownProcess our own number, as the kernel has it.
 * @throws Error where this kernel, or our rights, do not allow it: without BTF or BPF for control groups.
 */
export function watchSysctls(
  host: OpenNamespace,
  ownProcess: number,
  handler: (record: SysctlRecord) => void,
): Disposable {
  using parts = new DisposableStack();
  const layout = kernelLayout();
  const ring = parts.use(new EventRing(RING_BYTES));
  parts.use(ring.read((record) => handler(decodeSysctlRecord(record))));
  const { ino: namespace } = statSync(`/proc/self/fd/${host.descriptor}`);
  const request = { layout, namespace, ownProcess, ring: ring.descriptor };
  parts.use(attachSysctlProgram('fl_sysctls', sysctlProgram(request)));
  return parts.move();
}

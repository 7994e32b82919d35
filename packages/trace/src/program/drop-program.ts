import { addValue, assemble, call, exit, jumpEqual, label, load, loadMap, move, set } from '@fairlead/kernel/tracing';
import { recordField } from './event-record.ts';
import type { KernelLayout } from './kernel-layout.ts';
import { copyHeader, FRAME, findHeader, held, helper } from './program-frame.ts';
import { clearRecord, describeDevice, describeEvent, writeRecord } from './record-writer.ts';

/** What a program that reports every drop is made from. */
export interface DropProgramRequest {
  readonly layout: KernelLayout;
  /** Descriptor of the ring that records go to. */
  readonly ring: number;
  /** As for the programs that follow packets. */
  readonly symbolFormat?: number;
  /** Descriptor of the set with the numbers of the namespaces that are of interest. */
  readonly namespaces: number;
}

/** The instructions that write a record of each packet that is dropped in one of some namespaces. */
export function dropProgram({ namespaces, ...request }: DropProgramRequest): Uint8Array {
  const { layout, ring } = request;
  const tracepoint = 'kfree_skb';
  const point = layout.tracepoints[tracepoint];
  if (point === undefined) throw new Error(`this kernel has no tracepoint ${tracepoint}`);
  return assemble([
    move(held.context, 1),
    load(8, held.packet, held.context, point.packet * 8),
    jumpEqual(held.packet, 0, 'out'),
    ...clearRecord(),
    ...describeDevice(layout),
    label('write'),
    ...loadMap(1, namespaces),
    move(2, held.stack),
    addValue(2, FRAME + recordField.namespace.at),
    call(helper.lookUp),
    jumpEqual(0, 0, 'out'),
    ...findHeader(layout, tracepoint),
    ...copyHeader(recordField.packet.length),
    ...describeEvent({ ...request, tracepoint }),
    ...writeRecord(ring),
    label('out'),
    set(0, 0),
    exit(),
  ]);
}

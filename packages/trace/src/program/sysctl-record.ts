import { recordText } from './record-text.ts';
import type { Field } from './task-record.ts';

/** Where things are in the record that a program writes of each setting that somebody changes. */
export const sysctlField = {
  processId: { at: 0, length: 4 },
  program: { at: 8, length: 16 },
  /** Below `/proc/sys`. */
  name: { at: 24, length: 72 },
  /** Values, of which only the beginning is of interest. */
  before: { at: 96, length: 32 },
  after: { at: 128, length: 32 },
} as const;

/** Bytes of a record. */
export const sysctlRecordLength = 160;

/** Somebody has written a setting. */
export interface SysctlRecord {
  readonly processId: number;
  readonly program: string;
  /** `net/ipv4/ip_forward`. */
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

/** Read a record; what it holds is copied. */
export function decodeSysctlRecord(bytes: Uint8Array): SysctlRecord {
  const text = (field: Field) => recordText(bytes, field);
  return {
    processId: new DataView(bytes.buffer, bytes.byteOffset).getUint32(sysctlField.processId.at, true),
    program: text(sysctlField.program),
    name: text(sysctlField.name),
    before: text(sysctlField.before),
    after: text(sysctlField.after),
  };
}

import { recordText } from './record-text.ts';

/** Where things are in the record that a program writes of each table of the older iptables that somebody puts together. */
export const legacyField = {
  processId: { at: 0, length: 4 },
  program: { at: 8, length: 16 },
  /** The kernel's function; empty where it cannot tell. */
  function: { at: 24, length: 32 },
} as const;

/** Bytes of a record. */
export const legacyRecordLength = 56;

/** Somebody has given the kernel a table. */
export interface LegacyRecord {
  readonly processId: number;
  readonly program: string;
  readonly function: string;
}

/** Read a record; what it holds is copied. */
export function decodeLegacyRecord(bytes: Uint8Array): LegacyRecord {
  return {
    processId: new DataView(bytes.buffer, bytes.byteOffset).getUint32(legacyField.processId.at, true),
    program: recordText(bytes, legacyField.program),
    function: recordText(bytes, legacyField.function),
  };
}

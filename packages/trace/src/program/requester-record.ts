import { recordText } from './record-text.ts';

/** Where things are in the record that a program writes of each notification of rtnetlink. */
export const requesterField = {
  /** The beginning of the notification, by which it is known again. */
  beginning: { at: 0, length: 32 },
  processId: { at: 32, length: 4 },
  program: { at: 40, length: 16 },
} as const;

/** Bytes of a record. */
export const requesterRecordLength = 56;

/** In whose name a notification was sent. */
export interface RequesterRecord {
  readonly beginning: Uint8Array;
  readonly processId: number;
  readonly program: string;
}

/** Read a record; what it holds is copied. */
export function decodeRequesterRecord(bytes: Uint8Array): RequesterRecord {
  const { beginning, processId, program } = requesterField;
  return {
    beginning: bytes.slice(beginning.at, beginning.at + beginning.length),
    processId: new DataView(bytes.buffer, bytes.byteOffset).getUint32(processId.at, true),
    program: recordText(bytes, program),
  };
}

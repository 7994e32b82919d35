import type { Field } from './task-record.ts';

const decoder = new TextDecoder();

/** A text of a record, which ends with a zero or with its field. */
export function recordText(bytes: Uint8Array, { at, length }: Field): string {
  return decoder
    .decode(bytes.slice(at, at + length))
    .replace(/\0.*$/s, '')
    .trimEnd();
}

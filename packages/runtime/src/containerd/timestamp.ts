import type { Timestamp } from '../gen/google/protobuf/timestamp.ts';

/** A protobuf time as a Date; what was never set is the epoch, as in Go's zero time. */
export function toDate(timestamp: Timestamp | undefined): Date {
  return new Date(timestamp ? Number(timestamp.seconds) * 1000 + Math.round(timestamp.nanos / 1e6) : 0);
}

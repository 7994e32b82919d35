import { type Timestamp, timestampDate, timestampFromDate } from '@bufbuild/protobuf/wkt';

/** A protobuf time as a Date; what was never set is the epoch, as in Go's zero time. */
export function toDate(timestamp: Timestamp | undefined): Date {
  return timestamp ? timestampDate(timestamp) : new Date(0);
}

/** A Date as a protobuf time. */
export const fromDate: (date: Date) => Timestamp = timestampFromDate;

import { ByteReader } from '@fairlead/base';
import { type TracepointName, tracepoints } from './kernel-layout.ts';

/**
 * Where things are in the record that a program writes for each packet with the tag. Of the packet as much as is needed to
 * find the tag in an error (ICMPv6) about an IPv6 packet that carries another one in VXLAN.
 */
export const recordField = {
  time: { at: 0, length: 8 },
  packetAddress: { at: 8, length: 8 },
  tracepoint: { at: 16, length: 4 },
  reason: { at: 20, length: 4 },
  deviceIndex: { at: 24, length: 4 },
  namespace: { at: 28, length: 4 },
  location: { at: 32, length: 8 },
  length: { at: 40, length: 4 },
  mark: { at: 44, length: 4 },
  deviceName: { at: 48, length: 16 },
  packet: { at: 64, length: 176 },
  function: { at: 240, length: 40 },
} as const;

/** Bytes of a record. */
export const recordLength = 280;

/** What a program saw. */
export interface EventRecord {
  readonly tracepoint: TracepointName;
  /** Nanoseconds of the monotonic clock. */
  readonly time: bigint;
  /** Two events of one packet have the same; copies have others. */
  readonly packetAddress: bigint;
  /** Number of the reason, of the tracepoint `kfree_skb`. */
  readonly reason: number;
  /** Function of the kernel that dropped or used the packet up; empty when the kernel could not say. */
  readonly function: string;
  /** Inode of the network namespace, 0 when the packet has neither interface nor socket. */
  readonly namespace: number;
  /** Absent when the packet has no interface. */
  readonly device?: { readonly index: number; readonly name: string };
  /** Bytes of the packet. */
  readonly length: number;
  readonly mark: number;
  /** The beginning of the packet, from the IP header on. */
  readonly bytes: Uint8Array;
}

/** Read a record; what it holds is copied. */
export function decodeEventRecord(record: Uint8Array): EventRecord {
  const reader = new ByteReader(record);
  const time = reader.u64();
  const packetAddress = reader.u64();
  const tracepoint = tracepoints[reader.u32()] ?? 'consume_skb';
  const reason = reader.u32();
  const index = reader.u32();
  const namespace = reader.u32();
  reader.skip(recordField.location.length);
  const length = reader.u32();
  const mark = reader.u32();
  const name = textIn(reader.bytes(recordField.deviceName.length));
  const bytes = reader.bytes(recordField.packet.length).slice();
  return {
    tracepoint,
    time,
    packetAddress,
    reason,
    function: textIn(reader.bytes(recordField.function.length)),
    namespace,
    ...(index === 0 ? {} : { device: { index, name } }),
    length,
    mark,
    bytes,
  };
}

function textIn(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

import { ByteWriter, familyOf, type IpAddress, ipToBytes } from '@fairlead/base';

/**
 * Link types (draft-ietf-opsawg-pcaplinktype): Ethernet, IP of either version without anything before, and IP of one
 * version. libpcap takes no file with several interfaces of `raw`.
 */
export const linkType = { ethernet: 1, raw: 101, ipv4: 228, ipv6: 229 } as const;

/** An interface that packets are from. */
export interface CapturedInterface {
  /** `web:eth0`. */
  readonly name: string;
  readonly description?: string;
  readonly linkType: number;
  /** Bytes of each packet that are kept; 0 means all. */
  readonly snapLength: number;
  /** The filter in its own words. */
  readonly filter?: string;
}

/** A packet for the file. */
export interface CapturedPacket {
  /** Number of its interface, in the order in which they were described. */
  readonly interface: number;
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  readonly bytes: Uint8Array;
  /** Bytes that it had. */
  readonly length: number;
  readonly direction?: 'in' | 'out';
  readonly comment?: string;
}

/** What became of packets at an interface. */
export interface CaptureCounts {
  /** Packets that the filter let through. */
  readonly accepted: number;
  /** Of those, packets for which there was no room. */
  readonly dropped: number;
}

/** Block types (draft-ietf-opsawg-pcapng, section 11.1). */
const block = {
  section: 0x0a0d0d0a,
  interface: 1,
  names: 4,
  statistics: 5,
  packet: 6,
} as const;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const encoder = new TextEncoder();

type Option = readonly [code: number, value: Uint8Array];

function text(code: number, value: string | undefined): Option[] {
  return value === undefined ? [] : [[code, encoder.encode(value)]];
}

function longWord(code: number, value: number): Option {
  return [code, new ByteWriter().u64(BigInt(value)).finish()];
}

/** A block: type, length, body, options, and the length once more. All in host order, as the magic number says. */
function blockOf(type: number, body: ByteWriter, options: readonly Option[] = []): Uint8Array {
  for (const [code, value] of options) body.u16(code).u16(value.length).bytes(value).align(4);
  // The end of the options is only written where there are any.
  if (options.length > 0) body.u32(0);
  const content = body.align(4).finish();
  const length = content.length + 12;
  return new ByteWriter().u32(type).u32(length).bytes(content).u32(length).finish();
}

/** The beginning of a file. @param comment what it is about. */
export function sectionHeader(comment?: string): Uint8Array {
  const body = new ByteWriter().u32(BYTE_ORDER_MAGIC).u16(1).u16(0).u64(0xffff_ffff_ffff_ffffn);
  return blockOf(block.section, body, [...text(1, comment), ...text(3, 'Linux'), ...text(4, 'Fairlead')]);
}

/** Describes an interface; the first one is number 0. Times of its packets are in nanoseconds. */
export function interfaceDescription(from: CapturedInterface): Uint8Array {
  const body = new ByteWriter().u16(from.linkType).u16(0).u32(from.snapLength);
  const filter = from.filter === undefined ? [] : ([[11, filterValue(from.filter)]] as const);
  return blockOf(block.interface, body, [
    ...text(2, from.name),
    ...text(3, from.description),
    [9, Uint8Array.of(9)],
    ...filter,
  ]);
}

/** if_filter: 0 says that it is the filter's own text. */
function filterValue(filter: string): Uint8Array {
  return new ByteWriter().u8(0).bytes(encoder.encode(filter)).finish();
}

/** Names that a reader shows for addresses. */
export function nameResolution(names: Iterable<readonly [address: IpAddress, name: string]>): Uint8Array {
  const body = new ByteWriter();
  for (const [address, name] of names) {
    const value = new ByteWriter().bytes(ipToBytes(address)).bytes(encoder.encode(name)).zeros(1).finish();
    body
      .u16(familyOf(address) === 4 ? 1 : 2)
      .u16(value.length)
      .bytes(value)
      .align(4);
  }
  return blockOf(block.names, body.u16(0).u16(0));
}

/** A packet; written in one go, for there are many. */
export function enhancedPacket({
  interface: from,
  time,
  bytes,
  length,
  direction,
  comment,
}: CapturedPacket): Uint8Array {
  const said = comment === undefined ? undefined : encoder.encode(comment);
  const padded = (size: number) => (size + 3) & ~3;
  const flags = direction === undefined ? 0 : 8;
  const remark = said === undefined ? 0 : 4 + padded(said.length);
  const total = 32 + padded(bytes.length) + remark + flags + (remark + flags > 0 ? 4 : 0);
  const writer = new ByteWriter(total)
    .u32(block.packet)
    .u32(total)
    .u32(from)
    .u32(Number(time >> 32n))
    .u32(Number(time & 0xffff_ffffn))
    .u32(bytes.length)
    .u32(length)
    .bytes(bytes)
    .align(4);
  if (said !== undefined) writer.u16(1).u16(said.length).bytes(said).align(4);
  if (direction !== undefined)
    writer
      .u16(2)
      .u16(4)
      .u32(direction === 'in' ? 1 : 2);
  if (remark + flags > 0) writer.u32(0);
  return writer.u32(total).finish();
}

/** The counts of an interface, at the end. @param time nanoseconds since the epoch. */
export function interfaceStatistics(from: number, time: bigint, { accepted, dropped }: CaptureCounts): Uint8Array {
  const body = new ByteWriter()
    .u32(from)
    .u32(Number(time >> 32n))
    .u32(Number(time & 0xffff_ffffn));
  return blockOf(block.statistics, body, [longWord(6, accepted), longWord(7, dropped)]);
}

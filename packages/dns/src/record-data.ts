import { FairleadError, type IpAddress, ipFromBytes, ipToBytes } from '@fairlead/base';
import type { MessageWriter } from './message-writer.ts';
import { readName } from './name.ts';
import { recordType } from './record-type.ts';

/** What a record says, by type; `OTHER` carries the octets of a type that we do not read. */
export type RecordData =
  | { readonly type: 'A' | 'AAAA'; readonly address: IpAddress }
  | { readonly type: 'NS' | 'CNAME' | 'PTR'; readonly target: string }
  | { readonly type: 'MX'; readonly preference: number; readonly exchange: string }
  | { readonly type: 'TXT'; readonly strings: readonly Uint8Array[] }
  | {
      readonly type: 'SRV';
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    }
  | {
      readonly type: 'SOA';
      readonly primary: string;
      readonly mailbox: string;
      readonly serial: number;
      readonly refresh: number;
      readonly retry: number;
      readonly expire: number;
      /** How long a negative answer may be kept, in seconds (RFC 2308, section 4). */
      readonly minimum: number;
    }
  | { readonly type: 'OTHER'; readonly number: number; readonly octets: Uint8Array };

/** The type number under which data goes on the wire. */
export function typeNumberOf(data: RecordData): number {
  return data.type === 'OTHER' ? data.number : recordType[data.type];
}

/** Append RDATA without its length. */
export function writeRecordData(writer: MessageWriter, data: RecordData): void {
  switch (data.type) {
    case 'A':
    case 'AAAA':
      writer.bytes(ipToBytes(data.address));
      return;
    case 'NS':
    case 'CNAME':
    case 'PTR':
      writer.name(data.target);
      return;
    case 'MX':
      writer.u16(data.preference).name(data.exchange);
      return;
    case 'TXT':
      for (const string of data.strings) writer.u8(string.length).bytes(string);
      return;
    case 'SRV':
      // RFC 2782: the target is not compressed.
      writer.u16(data.priority).u16(data.weight).u16(data.port).name(data.target, false);
      return;
    case 'SOA':
      writer.name(data.primary).name(data.mailbox);
      writer.u32(data.serial).u32(data.refresh).u32(data.retry).u32(data.expire).u32(data.minimum);
      return;
    case 'OTHER':
      writer.bytes(data.octets);
  }
}

/**
 * Read the RDATA that lies in `message` from `start` to `end`.
 *
 * @throws FairleadError `invalid-argument` when it is not as its type wants it.
 */
export function readRecordData(message: Uint8Array, type: number, start: number, end: number): RecordData {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const u16 = (offset: number) => view.getUint16(checked(start + offset, 2, end));
  const nameAt = (offset: number) => within(readName(message, start + offset), end);
  switch (type) {
    case recordType.A:
    case recordType.AAAA:
      if (end - start !== (type === recordType.A ? 4 : 16)) throw malformed();
      return { type: type === recordType.A ? 'A' : 'AAAA', address: ipFromBytes(message.subarray(start, end)) };
    case recordType.NS:
      return { type: 'NS', target: nameAt(0) };
    case recordType.CNAME:
      return { type: 'CNAME', target: nameAt(0) };
    case recordType.PTR:
      return { type: 'PTR', target: nameAt(0) };
    case recordType.MX:
      return { type: 'MX', preference: u16(0), exchange: nameAt(2) };
    case recordType.TXT:
      return { type: 'TXT', strings: readStrings(message, start, end) };
    case recordType.SRV:
      return { type: 'SRV', priority: u16(0), weight: u16(2), port: u16(4), target: nameAt(6) };
    case recordType.SOA:
      return readStartOfAuthority(message, view, start, end);
    default:
      return { type: 'OTHER', number: type, octets: message.slice(start, end) };
  }
}

function readStartOfAuthority(message: Uint8Array, view: DataView, start: number, end: number): RecordData {
  const primary = readName(message, start);
  const mailbox = readName(message, primary.end);
  checked(mailbox.end, 20, end);
  const [serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0] = [0, 4, 8, 12, 16].map((offset) =>
    view.getUint32(mailbox.end + offset),
  );
  return { type: 'SOA', primary: primary.name, mailbox: mailbox.name, serial, refresh, retry, expire, minimum };
}

function readStrings(message: Uint8Array, start: number, end: number): Uint8Array[] {
  const strings: Uint8Array[] = [];
  for (let offset = start; offset < end; ) {
    const length = message[offset] ?? 0;
    checked(offset, length + 1, end);
    strings.push(message.slice(offset + 1, offset + 1 + length));
    offset += length + 1;
  }
  return strings;
}

function checked(offset: number, length: number, end: number): number {
  if (offset + length > end) throw malformed();
  return offset;
}

function within(name: { name: string; end: number }, end: number): string {
  if (name.end > end) throw malformed();
  return name.name;
}

function malformed(): FairleadError {
  return new FairleadError('invalid-argument', 'malformed DNS record data');
}

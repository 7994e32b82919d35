import { ByteWriter, type Family, familyOf, type IpAddress, internetChecksum, ipToBytes } from '@fairlead/base';
import type { ProbeProtocol } from './packet-header.ts';

/** A packet to be sent. */
export interface ProbePacketRequest {
  readonly protocol: ProbeProtocol;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** Of ICMP the identifier. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** By which it is recognised, see `tagPlaces`. */
  readonly tag: number;
  /** Bytes of the whole packet; the least there can be when absent. Not for TCP. */
  readonly size?: number;
  /** Time to live, or hop limit; 64 when absent. */
  readonly lifetime?: number;
}

const HEADER4 = 20;
const HEADER6 = 40;
const LIFETIME = 64;
const SYN = 2;
const WINDOW = 64_240;
/** ICMP echo request of each family. */
const echoRequest: Readonly<Record<Family, number>> = { 4: 8, 6: 128 };
const protocolNumbers = { tcp: 6, udp: 17 } as const;

/** IP protocol number. */
function protocolNumber(protocol: ProbeProtocol, family: Family): number {
  if (protocol === 'icmp') return family === 4 ? 1 : 58;
  return protocolNumbers[protocol];
}

/** The bytes of the probe, checksums and all: a wrong one would make it invalid to connection tracking. */
export function probePacket(request: ProbePacketRequest): Uint8Array {
  const family = familyOf(request.destination);
  const segment = transportSegment(request, family);
  const source = ipToBytes(request.source);
  const destination = ipToBytes(request.destination);
  const protocol = protocolNumber(request.protocol, family);
  const pseudo = new ByteWriter().bytes(source).bytes(destination).u32be(segment.length).u32be(protocol).finish();
  const isPlainIcmp = protocol === 1;
  // Of UDP a zero would mean that there is no sum.
  const sum = internetChecksum(isPlainIcmp ? [segment] : [pseudo, segment]) || 0xffff;
  new DataView(segment.buffer).setUint16(checksumPlace(request.protocol), sum);
  const header = family === 4 ? header4(request, protocol, segment.length) : header6(request, protocol, segment.length);
  return new ByteWriter(header.length + segment.length).bytes(header).bytes(segment).finish();
}

function checksumPlace(protocol: ProbeProtocol): number {
  return { tcp: 16, udp: 6, icmp: 2 }[protocol];
}

function transportSegment(request: ProbePacketRequest, family: Family): Uint8Array {
  const { protocol, sourcePort, destinationPort, tag, size = 0 } = request;
  const writer = new ByteWriter();
  if (protocol === 'tcp') {
    writer.u16be(sourcePort).u16be(destinationPort).u32be(tag).u32be(0);
    writer
      .u8(5 << 4)
      .u8(SYN)
      .u16be(WINDOW)
      .u32be(0);
    return writer.finish().slice();
  }
  const payload = Math.max(4, size - (family === 4 ? HEADER4 : HEADER6) - 8);
  if (protocol === 'udp')
    writer
      .u16be(sourcePort)
      .u16be(destinationPort)
      .u16be(8 + payload)
      .u16be(0);
  else writer.u8(echoRequest[family]).u8(0).u16be(0).u16be(sourcePort).u16be(1);
  return writer
    .u32be((tag + 1) >>> 0)
    .zeros(payload - 4)
    .finish()
    .slice();
}

/** Never to be cut into fragments. */
function header4(
  { source, destination, lifetime = LIFETIME }: ProbePacketRequest,
  protocol: number,
  length: number,
): Uint8Array {
  const writer = new ByteWriter()
    .u8(0x45)
    .u8(0)
    .u16be(HEADER4 + length)
    .u16be(0)
    .u16be(0x4000);
  writer.u8(lifetime).u8(protocol).u16be(0).bytes(ipToBytes(source)).bytes(ipToBytes(destination));
  const header = writer.finish().slice();
  new DataView(header.buffer).setUint16(10, internetChecksum([header]));
  return header;
}

function header6(
  { source, destination, lifetime = LIFETIME }: ProbePacketRequest,
  protocol: number,
  length: number,
): Uint8Array {
  const writer = new ByteWriter().u32be(0x6000_0000).u16be(length).u8(protocol).u8(lifetime);
  return writer.bytes(ipToBytes(source)).bytes(ipToBytes(destination)).finish().slice();
}

import { ByteReader, ByteWriter } from '@fairlead/base';
import { type Envelope, packetFrame, payloadChecksum, readPacketFrame } from '@fairlead/base/frame';

/** IP protocol number (RFC 768). */
const UDP = 17;
/** Bytes of a UDP header. */
const HEADER = 8;
const LIFETIME = 64;

/** A UDP datagram between two hosts of a link. */
export interface Datagram extends Envelope {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

/** The Ethernet frame of a datagram, either family (RFC 768). */
export function datagramFrame(datagram: Datagram): Uint8Array {
  const { sourcePort, destinationPort, payload } = datagram;
  const write = (checksum: number) =>
    new ByteWriter(HEADER + payload.length)
      .u16be(sourcePort)
      .u16be(destinationPort)
      .u16be(HEADER + payload.length)
      .u16be(checksum)
      .bytes(payload)
      .finish();
  // 0 means that there is none.
  const checksum = payloadChecksum(datagram, UDP, write(0)) || 0xffff;
  return packetFrame(datagram, { protocol: UDP, lifetime: LIFETIME, payload: write(checksum) });
}

/**
 * The datagram in a frame; `undefined` for everything else, fragments included. The checksum is not looked at: what the
 * kernel itself sends over virtual links has none yet.
 */
export function readDatagram(frame: Uint8Array): Datagram | undefined {
  const packet = readPacketFrame(frame);
  if (packet?.protocol !== UDP || packet.payload.length < HEADER) return undefined;
  const { envelope, payload } = packet;
  const reader = new ByteReader(payload);
  const ports = { sourcePort: reader.u16be(), destinationPort: reader.u16be() };
  const length = reader.u16be();
  if (length < HEADER || length > payload.length) return undefined;
  return { ...envelope, ...ports, payload: payload.subarray(HEADER, length) };
}

import {
  ByteReader,
  ByteWriter,
  type IpAddress,
  ipFromBytes,
  ipToBytes,
  type MacAddress,
  macFromBytes,
  macToBytes,
} from '@fairlead/base';
import { dhcp4Option, type Options4 } from './dhcp4-option.ts';
import { decoding, MalformedMessage } from './malformed-message.ts';

/** A DHCPv4 message (RFC 2131, 2), without what a client has no use for. */
export interface Dhcp4Message {
  readonly kind: 'request' | 'reply';
  /** Chosen by the client; answers carry the same. */
  readonly transaction: number;
  /** Since the client began. */
  readonly seconds: number;
  /** `ciaddr`: set by a client that can be reached under it. */
  readonly clientAddress: IpAddress;
  /** `yiaddr`: what the server gives. */
  readonly yourAddress: IpAddress;
  readonly mac: MacAddress;
  readonly options: Options4;
}

const HEADER_OCTETS = 236;
const MAGIC = 0x6382_5363;
const PAD = 0;
const END = 255;
/** Older relays drop what is shorter than a message of BOOTP (RFC 1542, 2.1). */
const LEAST_OCTETS = 300;

/** The octets of a message. */
export function encodeDhcp4(message: Dhcp4Message): Uint8Array {
  const writer = new ByteWriter(LEAST_OCTETS)
    .u8(message.kind === 'request' ? 1 : 2)
    .u8(1)
    .u8(6)
    .u8(0)
    .u32be(message.transaction)
    .u16be(Math.min(message.seconds, 0xffff))
    .u16be(0)
    .bytes(ipToBytes(message.clientAddress))
    .bytes(ipToBytes(message.yourAddress))
    .zeros(8)
    .bytes(macToBytes(message.mac))
    .zeros(10 + 64 + 128)
    .u32be(MAGIC);
  for (const [code, value] of message.options) {
    for (let at = 0; at === 0 || at < value.length; at += 255) {
      const piece = value.subarray(at, at + 255);
      writer.u8(code).u8(piece.length).bytes(piece);
    }
  }
  writer.u8(END);
  return writer.zeros(Math.max(0, LEAST_OCTETS - writer.length)).finish();
}

/** @throws MalformedMessage */
export function decodeDhcp4(octets: Uint8Array): Dhcp4Message {
  return decoding('DHCPv4 message', () => {
    const reader = new ByteReader(octets);
    const operation = reader.u8();
    if ((operation !== 1 && operation !== 2) || reader.u8() !== 1 || reader.u8() !== 6) {
      throw new MalformedMessage('DHCPv4 message: not of Ethernet');
    }
    const transaction = reader.skip(1).u32be();
    const seconds = reader.u16be();
    reader.skip(2);
    const [clientAddress, yourAddress] = [ipFromBytes(reader.bytes(4)), ipFromBytes(reader.bytes(4))];
    const mac = macFromBytes(reader.skip(8).bytes(6));
    const options = decodeOptions(octets);
    const kind = operation === 1 ? 'request' : 'reply';
    return { kind, transaction, seconds, clientAddress, yourAddress, mac, options };
  });
}

/** Options go on in the fields of the file's and the server's name where the message says so (RFC 2131, 4.1). */
function decodeOptions(octets: Uint8Array): Options4 {
  const reader = new ByteReader(octets).skip(HEADER_OCTETS);
  if (reader.u32be() !== MAGIC) throw new MalformedMessage('DHCPv4 message: without options');
  const options = new Map<number, Uint8Array>();
  gather(reader.bytes(), options);
  const overload = options.get(dhcp4Option.overload)?.[0] ?? 0;
  if ((overload & 1) !== 0) gather(octets.subarray(108, HEADER_OCTETS), options);
  if ((overload & 2) !== 0) gather(octets.subarray(44, 108), options);
  return options;
}

function gather(field: Uint8Array, options: Map<number, Uint8Array>): void {
  const reader = new ByteReader(field);
  while (reader.remaining > 0) {
    const code = reader.u8();
    if (code === END) return;
    if (code === PAD) continue;
    const value = reader.bytes(reader.u8());
    const before = options.get(code);
    options.set(code, before === undefined ? value : Uint8Array.of(...before, ...value));
  }
}

import {
  ByteReader,
  ByteWriter,
  familyOf,
  type IpAddress,
  ipFromBytes,
  ipToBytes,
  type MacAddress,
  macFromBytes,
  macToBytes,
  parseIpAddress,
  parseMacAddress,
} from '@fairlead/base';
import { linkMessageFrame, readLinkMessage } from './frame.ts';

const ARP = 0x0806;
const IPV4 = 0x0800;
const ETHERNET = 1;
const ARP_REQUEST = 1;
/** Octets of a frame with a message of ARP between hosts of an Ethernet. */
const ARP_FRAME = 42;
const NEIGHBOR_SOLICITATION = 135;
const NEIGHBOR_ADVERTISEMENT = 136;

const EVERYBODY = parseMacAddress('ff:ff:ff:ff:ff:ff');
const NOBODY4 = parseIpAddress('0.0.0.0');
const NOBODY6 = parseIpAddress('::');

/**
 * The frame that asks a link whether somebody has an address, in nobody's name, so that nobody remembers who asked: an ARP
 * probe (RFC 5227, 2.1.1), or a neighbour solicitation from the unspecified address (RFC 4862, 5.4.2).
 */
export function probeFrame(address: IpAddress, mac: MacAddress): Uint8Array {
  const target = ipToBytes(address);
  if (familyOf(address) === 4) {
    const writer = new ByteWriter(ARP_FRAME).bytes(macToBytes(EVERYBODY)).bytes(macToBytes(mac)).u16be(ARP);
    const header = writer.u16be(ETHERNET).u16be(IPV4).u8(6).u8(4).u16be(ARP_REQUEST);
    return header.bytes(macToBytes(mac)).zeros(4).zeros(6).bytes(target).finish();
  }
  const last = target.subarray(13);
  return linkMessageFrame({
    sourceMac: mac,
    destinationMac: macFromBytes(Uint8Array.of(0x33, 0x33, 0xff, ...last)),
    source: NOBODY6,
    // The solicited-node address (RFC 4291, 2.7.1): whoever has the address listens there.
    destination: ipFromBytes(Uint8Array.of(0xff, 0x02, ...Array(9).fill(0), 1, 0xff, ...last)),
    message: new ByteWriter(24).u8(NEIGHBOR_SOLICITATION).zeros(7).bytes(target).finish(),
  });
}

/**
 * Who shows by a frame that an address is his, or that he is about to take it (RFC 5227, 2.1.1; RFC 4862, 5.4.3 and
 * 5.4.4); `undefined` for every other frame, and for our own.
 *
 * @param mac whose own frames mean nothing: a switch may send them back.
 */
export function claimantOf(frame: Uint8Array, address: IpAddress, mac: MacAddress): MacAddress | undefined {
  const statement = familyOf(address) === 4 ? statement4(frame, address) : statement6(frame, address);
  return statement?.mac === mac ? undefined : statement?.mac;
}

/**
 * Who shows by a frame that he uses an address (RFC 5227, 2.4; RFC 4861, 7.2.4); who only asks whether he may is answered
 * by the kernel that has it, and is `undefined` as every other frame is.
 */
export function userOf(frame: Uint8Array, address: IpAddress): MacAddress | undefined {
  const statement = familyOf(address) === 4 ? statement4(frame, address) : statement6(frame, address);
  return statement?.isProbe === false ? statement.mac : undefined;
}

/** What a frame says about an address. */
interface Statement {
  readonly mac: MacAddress;
  /** True of one who is about to take it, and asks whether he may. */
  readonly isProbe: boolean;
}

function statement4(frame: Uint8Array, address: IpAddress): Statement | undefined {
  if (frame.length < ARP_FRAME) return undefined;
  const reader = new ByteReader(frame).skip(12);
  if (reader.u16be() !== ARP || reader.u16be() !== ETHERNET || reader.u16be() !== IPV4) return undefined;
  const isRequest = reader.skip(2).u16be() === ARP_REQUEST;
  const [mac, sender] = [macFromBytes(reader.bytes(6)), ipFromBytes(reader.bytes(4))];
  const target = ipFromBytes(reader.skip(6).bytes(4));
  const isProbe = isRequest && sender === NOBODY4 && target === address;
  return sender === address || isProbe ? { mac, isProbe } : undefined;
}

function statement6(frame: Uint8Array, address: IpAddress): Statement | undefined {
  const received = readLinkMessage(frame);
  if (received === undefined || received.message.length < 24) return undefined;
  const { message, source, sourceMac: mac } = received;
  if (ipFromBytes(message.subarray(8, 24)) !== address) return undefined;
  const isProbe = message[0] === NEIGHBOR_SOLICITATION && source === NOBODY6;
  return message[0] === NEIGHBOR_ADVERTISEMENT || isProbe ? { mac, isProbe } : undefined;
}

/** PROBE_NUM of RFC 5227, 1.1: a frame may be lost. */
export const PROBES = 3;

/**
 * Milliseconds that a link is listened to before an address is used, unless the caller says otherwise. Hosts of a LAN answer
 * within a few. RFC 5227 would have four to seven seconds, RFC 4862 one; RFC 4429 uses an address while it is asked about.
 */
export const DEFAULT_PROBE = 200;

/** DEFEND_INTERVAL of RFC 5227, 1.1, in milliseconds: whoever uses our address twice within it does not give way. */
export const DEFEND_INTERVAL = 10_000;

/**
 * Milliseconds until another address is asked for after so many in a row were another's: ten seconds (RFC 2131, 3.1.5), none
 * after the first, since somebody waits, and a minute after the tenth (MAX_CONFLICTS, RATE_LIMIT_INTERVAL of RFC 5227).
 */
export function conflictPause(conflicts: number): number {
  if (conflicts <= 1) return 0;
  return conflicts <= 10 ? 10_000 : 60_000;
}

import {
  ByteReader,
  ByteWriter,
  type IpAddress,
  ipFromBytes,
  ipFromInteger,
  ipToInteger,
  LEAST_MTU6,
  linkLocalAddress,
  type MacAddress,
  macToBytes,
  type Prefix,
  parseIpAddress,
  parseMacAddress,
  prefixOf,
} from '@fairlead/base';
import { linkMessageFrame, readLinkMessage } from '@fairlead/base/frame';
import { searchNames } from './domain-names.ts';
import { decoding, MalformedMessage } from './malformed-message.ts';

/** What a router says of its link (RFC 4861, 4.2). Times are seconds; {@link FOR_EVER} means for ever. */
export interface RouterAdvertisement {
  /** Its link-local address. */
  readonly router: IpAddress;
  /** For how long it is a way out; 0 means that it is none. */
  readonly lifetime: number;
  /** Addresses are had by DHCPv6 (the flag M). */
  readonly managed: boolean;
  /** Everything else but addresses is had by DHCPv6 (the flag O). */
  readonly otherwise: boolean;
  readonly prefixes: readonly AnnouncedPrefix[];
  readonly nameServers: readonly IpAddress[];
  readonly search: readonly string[];
  readonly mtu?: number;
}

/** A prefix of the link (RFC 4861, 4.6.2). */
export interface AnnouncedPrefix {
  readonly prefix: Prefix;
  /** Every address of it is reached without a router (the flag L). */
  readonly onLink: boolean;
  /** Hosts may make addresses of it by themselves (the flag A). */
  readonly autonomous: boolean;
  readonly validSeconds: number;
  /** 0 for a prefix that is going: what is new is to use another one (RFC 4862, 5.5.4). */
  readonly preferredSeconds: number;
}

/** A time without end, in router advertisements and in DHCPv6. */
export const FOR_EVER = 0xffff_ffff;

const SOLICITATION = 133;
const ADVERTISEMENT = 134;
const SOURCE_LINK_ADDRESS = 1;
const PREFIX = 3;
const MTU = 5;
/** RFC 8106. */
const NAME_SERVERS = 25;
const SEARCH_LIST = 31;

const ALL_ROUTERS = parseIpAddress('ff02::2');
const ALL_ROUTERS_MAC = parseMacAddress('33:33:00:00:00:02');

/** The frame that asks the routers of a link to say who they are (RFC 4861, 4.1). */
export function solicitationFrame(mac: MacAddress): Uint8Array {
  const message = new ByteWriter(16).u8(SOLICITATION).zeros(7).u8(SOURCE_LINK_ADDRESS).u8(1).bytes(macToBytes(mac));
  return linkMessageFrame({
    sourceMac: mac,
    destinationMac: ALL_ROUTERS_MAC,
    source: linkLocalAddress(mac),
    destination: ALL_ROUTERS,
    message: message.finish(),
  });
}

/** The announcement in a frame; `undefined` for everything else, and for what RFC 4861, 6.1.2 says is none. */
export function readAdvertisement(frame: Uint8Array): RouterAdvertisement | undefined {
  const received = readLinkMessage(frame);
  if (received?.message[0] !== ADVERTISEMENT || received.message[1] !== 0) return undefined;
  if (!received.source.startsWith('fe80:')) return undefined;
  try {
    return decodeAdvertisement(received.message, received.source);
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined;
    throw error;
  }
}

/** @throws MalformedMessage */
export function decodeAdvertisement(message: Uint8Array, router: IpAddress): RouterAdvertisement {
  return decoding('router advertisement', () => {
    const reader = new ByteReader(message).skip(5);
    const flags = reader.u8();
    const lifetime = reader.u16be();
    const options = optionsIn(reader.skip(8));
    const values = (type: number) => options.filter((option) => option.type === type).map(({ value }) => value);
    const mtu = values(MTU).map((value) => new ByteReader(value).skip(2).u32be())[0] ?? 0;
    return {
      router,
      lifetime,
      managed: (flags & 0x80) !== 0,
      otherwise: (flags & 0x40) !== 0,
      prefixes: values(PREFIX).map(decodePrefix),
      nameServers: values(NAME_SERVERS).flatMap(addressesOf),
      search: values(SEARCH_LIST).flatMap(domainsOf),
      ...(mtu >= LEAST_MTU6 && { mtu }),
    };
  });
}

interface LinkOption {
  readonly type: number;
  /** What is behind type and length. */
  readonly value: Uint8Array;
}

function optionsIn(reader: ByteReader): LinkOption[] {
  const options: LinkOption[] = [];
  while (reader.remaining > 0) {
    const type = reader.u8();
    const length = reader.u8() * 8;
    if (length === 0) throw new MalformedMessage('router advertisement: an option without length');
    options.push({ type, value: reader.bytes(length - 2) });
  }
  return options;
}

function decodePrefix(value: Uint8Array): AnnouncedPrefix {
  const reader = new ByteReader(value);
  const length = reader.u8();
  if (length > 128) throw new MalformedMessage('router advertisement: a prefix that is too long');
  const flags = reader.u8();
  const [validSeconds, preferredSeconds] = [reader.u32be(), reader.u32be()];
  const bytes = ipFromBytes(reader.skip(4).bytes(16));
  const host = 128n - BigInt(length);
  const address = ipFromInteger((ipToInteger(bytes) >> host) << host, 6);
  const prefix = prefixOf(address, length);
  const isGiven = { onLink: (flags & 0x80) !== 0, autonomous: (flags & 0x40) !== 0 };
  return { prefix, ...isGiven, validSeconds, preferredSeconds };
}

/** A lifetime of 0 means that they are no longer to be asked (RFC 8106, 5.1). */
function addressesOf(value: Uint8Array): IpAddress[] {
  const reader = new ByteReader(value).skip(2);
  if (reader.u32be() === 0) return [];
  return Array.from({ length: Math.floor(reader.remaining / 16) }, () => ipFromBytes(reader.bytes(16)));
}

/** A lifetime of 0 means that names are no longer to be looked for in them (RFC 8106, 5.2). */
function domainsOf(value: Uint8Array): string[] {
  return new ByteReader(value).skip(2).u32be() === 0 ? [] : searchNames(value.subarray(6));
}

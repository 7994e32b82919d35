import { ByteReader, ByteWriter, type IpAddress, ipFromBytes, ipToBytes } from '@fairlead/base';
import { encodeName, searchNames } from './domain-names.ts';
import { decoding, MalformedMessage } from './malformed-message.ts';

/** Types of messages (RFC 8415, 7.3). */
export const dhcp6Type = {
  solicit: 1,
  advertise: 2,
  request: 3,
  renew: 5,
  rebind: 6,
  reply: 7,
  release: 8,
  decline: 9,
  inform: 11,
} as const;

/** A DHCPv6 message between client and server, as far as one that asks for an address needs it (RFC 8415, 8). */
export interface Dhcp6Message {
  readonly type: number;
  /** 24 bits, chosen by the client; answers carry the same. */
  readonly transaction: number;
  readonly client?: Uint8Array;
  readonly server?: Uint8Array;
  readonly association?: Association;
  /** 0 is success; absent means so, too. */
  readonly status?: number;
  /** Hundredths of a second since the client began. */
  readonly elapsed?: number;
  /** What a client asks for, by code of option. */
  readonly wanted?: readonly number[];
  /** What a client calls itself (RFC 4704); empty leaves it out. */
  readonly hostname?: string;
  readonly nameServers: readonly IpAddress[];
  readonly search: readonly string[];
  /** When what is no lease is to be asked for again, in seconds. */
  readonly refreshSeconds?: number;
}

/** IA_NA: the addresses of one interface (RFC 8415, 21.4). Times are seconds; T1 and T2 of 0 leave them to the client. */
export interface Association {
  readonly iaid: number;
  readonly renewSeconds: number;
  readonly rebindSeconds: number;
  readonly addresses: readonly { readonly address: IpAddress; readonly validSeconds: number }[];
  readonly status?: number;
}

/** Codes of options (RFC 8415, 21; RFC 3646; RFC 4704). */
export const dhcp6Option = {
  client: 1,
  server: 2,
  association: 3,
  address: 5,
  wanted: 6,
  elapsed: 8,
  status: 13,
  nameServers: 23,
  search: 24,
  refresh: 32,
  hostname: 39,
} as const;

/** RFC 4704, 4.1: the server shall enter the name into the DNS. */
const SERVER_ENTERS = 1;

/** The octets of a message. */
export function encodeDhcp6(message: Dhcp6Message): Uint8Array {
  const { client, server, association, elapsed, wanted = [], hostname = '', nameServers, search, status } = message;
  const { refreshSeconds } = message;
  const writer = new ByteWriter().u32be((message.type << 24) | message.transaction);
  const option = (code: number, value: Uint8Array | undefined) => {
    if (value !== undefined) writer.u16be(code).u16be(value.length).bytes(value);
  };
  option(dhcp6Option.client, client);
  option(dhcp6Option.server, server);
  option(dhcp6Option.association, association && encodeAssociation(association));
  option(dhcp6Option.status, status === undefined ? undefined : Uint8Array.of(status >> 8, status & 0xff));
  option(dhcp6Option.elapsed, elapsed === undefined ? undefined : numbers([Math.min(elapsed, 0xffff)]));
  option(dhcp6Option.wanted, wanted.length > 0 ? numbers(wanted) : undefined);
  option(dhcp6Option.hostname, hostname === '' ? undefined : hostnameOption(hostname));
  option(dhcp6Option.nameServers, nameServers.length > 0 ? joined(nameServers.map(ipToBytes)) : undefined);
  option(dhcp6Option.search, search.length > 0 ? joined(search.map((name) => encodeName(name, true))) : undefined);
  option(
    dhcp6Option.refresh,
    refreshSeconds === undefined ? undefined : new ByteWriter(4).u32be(refreshSeconds).finish(),
  );
  return writer.finish();
}

/** @throws MalformedMessage */
export function decodeDhcp6(octets: Uint8Array): Dhcp6Message {
  return decoding('DHCPv6 message', () => {
    const reader = new ByteReader(octets);
    const word = reader.u32be();
    const options = optionsIn(reader);
    const [client, server] = [options.get(dhcp6Option.client), options.get(dhcp6Option.server)];
    const association = options.get(dhcp6Option.association);
    const status = options.get(dhcp6Option.status);
    const refresh = options.get(dhcp6Option.refresh);
    return {
      type: word >>> 24,
      transaction: word & 0xff_ffff,
      ...(client && { client }),
      ...(server && { server }),
      ...(association && { association: decodeAssociation(association) }),
      ...(status && { status: new ByteReader(status).u16be() }),
      nameServers: decodeAddresses(options.get(dhcp6Option.nameServers)),
      search: searchNames(options.get(dhcp6Option.search) ?? new Uint8Array()),
      ...(refresh && { refreshSeconds: new ByteReader(refresh).u32be() }),
    };
  });
}

/** The first of each code; of addresses, which there may be several of, {@link decodeAssociation} takes care. */
function optionsIn(reader: ByteReader): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  for (const { code, value } of eachOption(reader)) if (!options.has(code)) options.set(code, value);
  return options;
}

function* eachOption(reader: ByteReader): Generator<{ readonly code: number; readonly value: Uint8Array }> {
  while (reader.remaining > 0) {
    const code = reader.u16be();
    yield { code, value: reader.bytes(reader.u16be()) };
  }
}

function encodeAssociation({ iaid, renewSeconds, rebindSeconds, addresses }: Association): Uint8Array {
  const writer = new ByteWriter(40).u32be(iaid).u32be(renewSeconds).u32be(rebindSeconds);
  for (const { address, validSeconds } of addresses) {
    writer.u16be(dhcp6Option.address).u16be(24).bytes(ipToBytes(address)).u32be(validSeconds).u32be(validSeconds);
  }
  return writer.finish();
}

function decodeAssociation(value: Uint8Array): Association {
  const reader = new ByteReader(value);
  const [iaid, renewSeconds, rebindSeconds] = [reader.u32be(), reader.u32be(), reader.u32be()];
  const addresses: { readonly address: IpAddress; readonly validSeconds: number }[] = [];
  let status: number | undefined;
  for (const option of eachOption(reader)) {
    const inner = new ByteReader(option.value);
    if (option.code === dhcp6Option.status) status = inner.u16be();
    if (option.code !== dhcp6Option.address) continue;
    const address = ipFromBytes(inner.bytes(16));
    addresses.push({ address, validSeconds: inner.skip(4).u32be() });
  }
  return { iaid, renewSeconds, rebindSeconds, addresses, ...(status !== undefined && { status }) };
}

function decodeAddresses(value: Uint8Array = new Uint8Array()): IpAddress[] {
  if (value.length % 16 !== 0) throw new MalformedMessage('DHCPv6 message: an address that is cut off');
  const reader = new ByteReader(value);
  return Array.from({ length: value.length / 16 }, () => ipFromBytes(reader.bytes(16)));
}

/** A name without a dot is not complete: the server puts its domain behind it (RFC 4704, 4.2). */
function hostnameOption(hostname: string): Uint8Array {
  return Uint8Array.of(SERVER_ENTERS, ...encodeName(hostname, hostname.includes('.')));
}

function numbers(values: readonly number[]): Uint8Array {
  const writer = new ByteWriter(2 * values.length);
  for (const value of values) writer.u16be(value);
  return writer.finish();
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const writer = new ByteWriter();
  for (const piece of pieces) writer.bytes(piece);
  return writer.finish();
}

import {
  addressOf,
  ByteReader,
  type InterfaceAddress,
  type IpAddress,
  ipFromBytes,
  ipToBytes,
  isLoopback,
  lastAddress,
  networkOf,
  parseInterfaceAddress,
  prefixFamily,
  prefixLength,
} from '@fairlead/base';
import { Attributes } from '../attribute.ts';
import { encodeMessage, type Message, messageFlag } from '../message.ts';
import type { AddressObject, NamespaceName } from '../object/kernel-object.ts';
import type { NameLookup, NumberLookup } from './lookup.ts';
import { createFlags, familyNumber, routeMessage } from './message-types.ts';

/** Address attributes (IFA_*, include/uapi/linux/if_addr.h). */
export const addressAttribute = { address: 1, local: 2, broadcast: 4 } as const;
/** IFA_TARGET_NETNSID (Linux 4.20): read only where the socket has its requests checked strictly. */
const TARGET_NAMESPACE = 10;
/** IFA_F_NODAD: the address is ours, and usable at once. */
export const FLAG_NO_DUPLICATE_DETECTION = 0x02;
/** RT_SCOPE_HOST. */
const SCOPE_HOST = 254;
/** Bytes of ifaddrmsg. */
export const addressHeaderLength = 8;

/**
 * Message that puts an address on a link. IPv4 gets its broadcast address, IPv6 no duplicate address detection: a
 * container would have to wait for it about two seconds.
 */
export function addAddressMessage(object: AddressObject, lookup: NumberLookup): Uint8Array {
  return encodeAddress(routeMessage.newAddress, createFlags, object, lookup);
}

/** Message that takes an address away again. */
export function removeAddressMessage(object: AddressObject, lookup: NumberLookup): Uint8Array {
  return encodeAddress(routeMessage.deleteAddress, messageFlag.acknowledge, object, lookup);
}

function encodeAddress(type: number, flags: number, object: AddressObject, lookup: NumberLookup): Uint8Array {
  const { namespace, link, address: cidr } = object;
  const family = prefixFamily(cidr);
  const address = addressOf(cidr);
  const bytes = ipToBytes(address);
  const adds = type === routeMessage.newAddress;
  return encodeMessage(type, flags, (writer) => {
    const addressFlags = family === 6 && adds ? FLAG_NO_DUPLICATE_DETECTION : 0;
    const scope = isLoopback(address) ? SCOPE_HOST : 0;
    writer.header.u8(familyNumber(family)).u8(prefixLength(cidr)).u8(addressFlags).u8(scope);
    writer.header.u32(lookup.linkIndex(namespace, link));
    writer.bytes(addressAttribute.local, bytes).bytes(addressAttribute.address, bytes);
    if (adds && hasBroadcast(cidr)) writer.bytes(addressAttribute.broadcast, ipToBytes(lastAddress(networkOf(cidr))));
  });
}

function hasBroadcast(cidr: InterfaceAddress): boolean {
  return prefixFamily(cidr) === 4 && prefixLength(cidr) < 31 && !isLoopback(addressOf(cidr));
}

/** Request for all addresses of a namespace, of both families. */
export function dumpAddressesMessage(): Uint8Array {
  return encodeMessage(routeMessage.getAddress, messageFlag.dump, (writer) => writer.header.zeros(addressHeaderLength));
}

/**
 * Request for the addresses of one link of another namespace, of both families (Linux 4.20).
 *
 * @param namespaceId what the asker's namespace calls it.
 */
export function dumpForeignAddressesMessage(namespaceId: number, index: number): Uint8Array {
  return encodeMessage(routeMessage.getAddress, messageFlag.dump, (writer) => {
    writer.header.zeros(4).u32(index);
    writer.u32(TARGET_NAMESPACE, namespaceId);
  });
}

/** The address in an RTM_NEWADDR message, of whatever link. */
export function addressIn(message: Message): IpAddress | undefined {
  const attributes = new Attributes(message.body.subarray(addressHeaderLength));
  const bytes = attributes.bytes(addressAttribute.local) ?? attributes.bytes(addressAttribute.address);
  return bytes && ipFromBytes(bytes);
}

/** Read an RTM_NEWADDR message; `undefined` when its link is gone by now. */
export function decodeAddress(
  message: Message,
  namespace: NamespaceName,
  names: NameLookup,
): AddressObject | undefined {
  const header = new ByteReader(message.body).skip(1);
  const length = header.u8();
  const link = names.linkName(header.skip(2).u32());
  const address = addressIn(message);
  if (link === undefined || address === undefined) return undefined;
  return { kind: 'address', namespace, link, address: parseInterfaceAddress(`${address}/${length}`) };
}

/** IFA_F_DADFAILED, IFA_F_TENTATIVE. */
const FLAG_DUPLICATE = 0x08;
const FLAG_TENTATIVE = 0x40;

/** Whether an address of an RTM_NEWADDR message may be used, in the words of ip-address(8) where it may not. */
export function addressState(message: Message): 'usable' | 'tentative' | 'dadfailed' {
  const flags = new ByteReader(message.body).skip(2).u8();
  if ((flags & FLAG_DUPLICATE) !== 0) return 'dadfailed';
  return (flags & FLAG_TENTATIVE) === 0 ? 'usable' : 'tentative';
}

import { ByteReader, ipFromBytes } from '@fairlead/base';
import { Attributes } from '../attribute.ts';
import type { Message } from '../message.ts';
import { addressAttribute, addressHeaderLength, FLAG_NO_DUPLICATE_DETECTION } from '../route/address.ts';
import { routeMessage } from '../route/message-types.ts';
import { routeScopes } from '../route/route.ts';
import { commandLine, linkNamed, option, toolIn, type Words } from './command.ts';
import type { RouteEntry } from './entry.ts';

/** The `ip address` command that an address message stands for. */
export function renderAddressMessage(message: Message, entry: RouteEntry): string {
  const header = new ByteReader(message.body).skip(1);
  const length = header.u8();
  const flags = header.u8();
  const scope = header.u8();
  const attributes = new Attributes(message.body.subarray(addressHeaderLength));
  const words: Words = [
    message.type === routeMessage.newAddress ? 'add' : 'del',
    `${localIn(attributes, entry)}/${length}`,
    ...option('broadcast', broadcastIn(attributes)),
    ...option('dev', linkNamed(entry, header.u32())),
    ...option('scope', scope === routeScopes.host ? 'host' : undefined),
    (flags & FLAG_NO_DUPLICATE_DETECTION) !== 0 ? 'nodad' : undefined,
  ];
  attributes.assertAllRead(entry.operation);
  return commandLine([...toolIn('ip', entry.namespace), 'address', ...words]);
}

/** Ours never have an address of the other end, which is what differing attributes would mean. */
function localIn(attributes: Attributes, entry: RouteEntry): string {
  const local = attributes.bytes(addressAttribute.local);
  const address = attributes.bytes(addressAttribute.address);
  if (local === undefined || local.toHex() !== address?.toHex()) {
    throw new Error(`${entry.operation}: an address with a peer has no rendering`);
  }
  return ipFromBytes(local);
}

function broadcastIn(attributes: Attributes): string | undefined {
  const bytes = attributes.bytes(addressAttribute.broadcast);
  return bytes && ipFromBytes(bytes);
}

import { ipFromBytes, macFromBytes } from '@fairlead/base';
import { Attributes } from '../attribute.ts';
import { type Message, messageFlag } from '../message.ts';
import { addressFamily, routeMessage } from '../route/message-types.ts';
import {
  decodeNeighborHeader,
  type NeighborHeader,
  neighborAttribute,
  neighborFlag,
  neighborHeaderLength,
  neighborState,
} from '../route/neighbor.ts';
import { commandLine, linkNamed, option, toolIn, type Words } from './command.ts';
import type { RouteEntry } from './entry.ts';

/** The `ip neighbor` or `bridge fdb` command that a neighbour message stands for. */
export function renderNeighborMessage(message: Message, entry: RouteEntry): string {
  const header = decodeNeighborHeader(message.body);
  const attributes = new Attributes(message.body.subarray(neighborHeaderLength));
  const bridge = header.family === addressFamily.bridge;
  const words = bridge
    ? fdbWords(message, header, attributes, entry)
    : neighborWords(message, header, attributes, entry);
  attributes.assertAllRead(entry.operation);
  const tool = bridge ? [...toolIn('bridge', entry.namespace), 'fdb'] : [...toolIn('ip', entry.namespace), 'neighbor'];
  return commandLine([...tool, ...words]);
}

function neighborWords(message: Message, header: NeighborHeader, attributes: Attributes, entry: RouteEntry): Words {
  const removes = message.type === routeMessage.deleteNeighbor;
  if (header.state !== neighborState.permanent)
    throw new Error(`${entry.operation}: state ${header.state} has no rendering`);
  return [
    removes ? 'del' : verbOf(message),
    addressIn(attributes),
    ...option('lladdr', macIn(attributes)),
    ...option('dev', linkNamed(entry, header.index)),
    ...(removes ? [] : ['nud', 'permanent']),
  ];
}

function fdbWords(message: Message, header: NeighborHeader, attributes: Attributes, entry: RouteEntry): Words {
  return [
    message.type === routeMessage.deleteNeighbor ? 'del' : verbOf(message),
    macIn(attributes),
    ...option('dev', linkNamed(entry, header.index)),
    ...option('dst', addressIn(attributes)),
    ...option('vlan', attributes.u16(neighborAttribute.vlan)),
    (header.flags & neighborFlag.self) !== 0 ? 'self' : 'master',
    header.state === neighborState.permanent ? 'permanent' : 'static',
    ...((header.flags & neighborFlag.sticky) === 0 ? [] : ['sticky']),
  ];
}

function verbOf({ flags }: Message): string {
  if ((flags & messageFlag.append) !== 0) return 'append';
  return (flags & messageFlag.replace) !== 0 ? 'replace' : 'add';
}

function addressIn(attributes: Attributes): string | undefined {
  const bytes = attributes.bytes(neighborAttribute.destination);
  return bytes && ipFromBytes(bytes);
}

function macIn(attributes: Attributes): string | undefined {
  const bytes = attributes.bytes(neighborAttribute.mac);
  return bytes && macFromBytes(bytes);
}

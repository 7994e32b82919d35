import { familyOf, ipToBytes, macToBytes } from '@fairlead/base';
import type { AttributeWriter } from '../attribute.ts';
import { encodeMessage, messageFlag } from '../message.ts';
import type { BridgePort, LinkObject, LinkType, MovedType, NamespaceName, VethType } from '../object/kernel-object.ts';
import {
  bridgePortAttribute,
  FLAG_UP,
  informationAttribute,
  ipvlanAttribute,
  ipvlanFlags,
  ipvlanModes,
  linkAttribute,
  macvlanAttribute,
  macvlanModes,
  vethAttribute,
  vlanAttribute,
  vxlanAttribute,
} from './link-attributes.ts';
import type { NumberLookup } from './lookup.ts';
import { createFlags, routeMessage } from './message-types.ts';

/** The namespace to which the messages about a link go: where its parent or underlay is, or it itself before it is moved. */
export function homeOfLink(link: LinkObject): NamespaceName {
  return link.madeIn ?? link.namespace;
}

/** Bytes: what a bridge without ports has by itself (ETH_DATA_LEN). */
const BRIDGE_MTU = 1500;

/**
 * Messages that make a link with all its properties: the first one for {@link homeOfLink}, the other for the link's own
 * namespace. A veth makes its peer straight inside the peer's namespace. The alias needs a message of its own: the kernel
 * takes none at creation (rtnetlink.c, rtnl_create_link). For the veth end without a peer they bring what the other end
 * made into shape. The MTU of a bridge is told with the alias: one that it was made with it gives up for {@link BRIDGE_MTU}
 * when its last port goes (br_if.c, br_mtu_auto_adjust).
 */
export function addLinkMessages(link: LinkObject, lookup: NumberLookup): Uint8Array[] {
  if (isInnerEnd(link.type)) return [setLinkMessage(link, lookup)];
  if (link.type.kind === 'moved') return [takeLinkMessage(link, link.type, lookup)];
  if (link.type.kind === 'bridge' && link.mtu !== undefined && link.mtu !== BRIDGE_MTU) {
    const { mtu: _, ...rest } = link;
    return [createLinkMessage(rest, lookup), setAliasMessage(link)];
  }
  const messages = [createLinkMessage(link, lookup)];
  if (link.port !== undefined) messages.push(setPortMessage(link, link.port));
  else if (link.alias !== undefined) messages.push(setAliasMessage({ name: link.name, alias: link.alias }));
  return messages;
}

/** True for the end of a veth that the other end made. */
export function isInnerEnd(type: LinkType): boolean {
  return type.kind === 'veth' && type.peer === undefined;
}

function createLinkMessage(link: LinkObject, lookup: NumberLookup): Uint8Array {
  return encodeMessage(routeMessage.newLink, createFlags, (writer) => {
    const moves = homeOfLink(link) !== link.namespace;
    // Before Linux 6.15 the kernel looks for a link of that name where the message comes from (rtnetlink.c, rtnl_newlink),
    // and every host has an eth0. By an index it looks for none.
    writeHeader(writer, moves ? lookup.newLinkIndex() : 0, link.up ? FLAG_UP : 0, FLAG_UP);
    writer.text(linkAttribute.name, link.name);
    writeShape(writer, link);
    if (link.master !== undefined) writer.u32(linkAttribute.master, lookup.linkIndex(link.namespace, link.master));
    if ('parent' in link.type) writer.u32(linkAttribute.link, lookup.linkIndex(homeOfLink(link), link.type.parent));
    if (moves) writer.u32(linkAttribute.namespaceDescriptor, lookup.namespaceDescriptor(link.namespace));
    writeInformation(writer, link, lookup);
  });
}

function writeHeader(writer: AttributeWriter, index: number, flags: number, changeMask: number): void {
  writer.header.u8(0).u8(0).u16(0).i32(index).u32(flags).u32(changeMask);
}

function writeShape(writer: AttributeWriter, shape: Pick<LinkObject, 'mtu' | 'mac' | 'group'>): void {
  if (shape.mtu !== undefined) writer.u32(linkAttribute.mtu, shape.mtu);
  if (shape.mac !== undefined) writer.bytes(linkAttribute.address, macToBytes(shape.mac));
  if (shape.group !== undefined) writer.u32(linkAttribute.group, shape.group);
}

function writeInformation(writer: AttributeWriter, link: LinkObject, lookup: NumberLookup): void {
  writer.nested(linkAttribute.information, (information) => {
    information.text(informationAttribute.kind, link.type.kind);
    const body = dataWriter(link, lookup);
    if (body !== undefined) information.nested(informationAttribute.data, body);
  });
}

function dataWriter(link: LinkObject, lookup: NumberLookup): ((data: AttributeWriter) => void) | undefined {
  const { type } = link;
  switch (type.kind) {
    case 'veth':
      return type.peer && vethWriter(type.peer, homeOfLink(link), lookup);
    case 'macvlan':
      return (data) => data.u32(macvlanAttribute.mode, macvlanModes[type.mode]);
    case 'ipvlan':
      return (data) =>
        data.u16(ipvlanAttribute.mode, ipvlanModes[type.mode]).u16(ipvlanAttribute.flags, ipvlanFlags[type.flag]);
    case 'vlan':
      return (data) => data.u16(vlanAttribute.id, type.id);
    case 'vxlan':
      return (data) => writeVxlan(data, type);
    case 'bridge':
    case 'dummy':
      return undefined;
    case 'moved':
      throw new TypeError('a link that is moved is made by somebody else');
    case 'other':
      throw new TypeError(`a link of kind ${type.name} is only ever observed`);
    default:
      return type satisfies never;
  }
}

function vethWriter(
  peer: NonNullable<VethType['peer']>,
  home: NamespaceName,
  lookup: NumberLookup,
): (data: AttributeWriter) => void {
  return (data) =>
    data.nested(vethAttribute.peer, (end) => {
      writeHeader(end, 0, 0, 0);
      end.text(linkAttribute.name, peer.name);
      writeShape(end, peer);
      if (peer.namespace !== home) {
        end.u32(linkAttribute.namespaceDescriptor, lookup.namespaceDescriptor(peer.namespace));
      }
    });
}

function writeVxlan(data: AttributeWriter, type: Extract<LinkType, { kind: 'vxlan' }>): void {
  data.u32(vxlanAttribute.id, type.id);
  if (type.local !== undefined) {
    data.bytes(familyOf(type.local) === 4 ? vxlanAttribute.local : vxlanAttribute.local6, ipToBytes(type.local));
  }
  data.u8(vxlanAttribute.learning, type.learning ? 1 : 0).u16be(vxlanAttribute.port, type.port);
}

/** Message that gives an existing link, found by its name, all properties that `link` asks for. */
function setLinkMessage(link: LinkObject, lookup: NumberLookup): Uint8Array {
  return encodeMessage(routeMessage.setLink, messageFlag.acknowledge, (writer) => {
    writeHeader(writer, 0, link.up ? FLAG_UP : 0, FLAG_UP);
    writer.text(linkAttribute.name, link.name);
    writeShape(writer, link);
    if (link.alias !== undefined) writer.text(linkAttribute.alias, link.alias);
    if (link.master !== undefined) writer.u32(linkAttribute.master, lookup.linkIndex(link.namespace, link.master));
  });
}

/** Messages that lead from `previous` to `link`; a bridge that is no longer asked for lets the link go. */
export function changeLinkMessages(link: LinkObject, previous: LinkObject, lookup: NumberLookup): Uint8Array[] {
  // The host's end of a cable, as it is read back, has no peer either: only that one bears an alias.
  const isOuter = !isInnerEnd(link.type) || link.alias !== undefined;
  const freed = previous.master !== undefined && link.master === undefined && isOuter;
  const release = freed ? [setMasterMessage(link.name, 0)] : [];
  const port = link.port === undefined ? [] : [setPortMessage(link, link.port)];
  return [...release, setLinkMessage(link, lookup), ...port];
}

/** Message that settles how the bridge treats a port, and its alias. RTM_SETLINK would leave the former out. */
function setPortMessage({ name, alias }: Pick<LinkObject, 'name' | 'alias'>, port: BridgePort): Uint8Array {
  return encodeMessage(routeMessage.newLink, messageFlag.acknowledge, (writer) => {
    writeHeader(writer, 0, 0, 0);
    writer.text(linkAttribute.name, name);
    if (alias !== undefined) writer.text(linkAttribute.alias, alias);
    writer.nested(linkAttribute.information, (information) => {
      information.text(informationAttribute.portKind, 'bridge');
      information.nested(informationAttribute.portData, (data) => {
        if (port.hairpin !== undefined) data.u8(bridgePortAttribute.hairpin, Number(port.hairpin));
        if (port.isolated !== undefined) data.u8(bridgePortAttribute.isolated, Number(port.isolated));
      });
    });
  });
}

/** Message that makes a link a port of the bridge with this index, or of none with 0. */
function setMasterMessage(name: string, master: number): Uint8Array {
  return encodeMessage(routeMessage.setLink, messageFlag.acknowledge, (writer) => {
    writeHeader(writer, 0, 0, 0);
    writer.text(linkAttribute.name, name).u32(linkAttribute.master, master);
  });
}

/** Message that says whose a link is, and how large its packets may be. */
export function setAliasMessage({ name, alias, mtu }: Pick<LinkObject, 'name' | 'alias' | 'mtu'>): Uint8Array {
  return encodeMessage(routeMessage.setLink, messageFlag.acknowledge, (writer) => {
    writeHeader(writer, 0, 0, 0);
    writer.text(linkAttribute.name, name);
    writeShape(writer, mtu === undefined ? {} : { mtu });
    if (alias !== undefined) writer.text(linkAttribute.alias, alias);
  });
}

/** Message that switches a link on or off and leaves everything else. */
export function setLinkUpMessage(name: string, up: boolean): Uint8Array {
  return encodeMessage(routeMessage.setLink, messageFlag.acknowledge, (writer) => {
    writeHeader(writer, 0, up ? FLAG_UP : 0, FLAG_UP);
    writer.text(linkAttribute.name, name);
  });
}

/**
 * Message that moves a link from where it was made into its own namespace, where it gets its name and its other properties.
 * The kernel renames only what is found by index (rtnetlink.c, do_setlink), after it has moved.
 */
function takeLinkMessage(link: LinkObject, { source }: MovedType, lookup: NumberLookup): Uint8Array {
  return encodeMessage(routeMessage.setLink, messageFlag.acknowledge, (writer) => {
    writeHeader(writer, lookup.linkIndex(homeOfLink(link), source), 0, FLAG_UP);
    writer.text(linkAttribute.name, link.name);
    writeShape(writer, link);
    if (link.alias !== undefined) writer.text(linkAttribute.alias, link.alias);
    writer.u32(linkAttribute.namespaceDescriptor, lookup.namespaceDescriptor(link.namespace));
  });
}

/** Message that moves a link back to where it was made: down, under its former name, and no longer ours. */
export function giveBackMessage(link: LinkObject, { source }: MovedType, lookup: NumberLookup): Uint8Array {
  return encodeMessage(routeMessage.setLink, messageFlag.acknowledge, (writer) => {
    writeHeader(writer, lookup.linkIndex(link.namespace, link.name), 0, FLAG_UP);
    writer.text(linkAttribute.name, source).text(linkAttribute.alias, '');
    writer.u32(linkAttribute.namespaceDescriptor, lookup.namespaceDescriptor(homeOfLink(link)));
  });
}

/** Message that deletes a link by name; the other end of a veth goes with it. Waits for RCU in the kernel. */
export function removeLinkMessage(name: string): Uint8Array {
  return encodeMessage(routeMessage.deleteLink, messageFlag.acknowledge, (writer) => {
    writeHeader(writer, 0, 0, 0);
    writer.text(linkAttribute.name, name);
  });
}

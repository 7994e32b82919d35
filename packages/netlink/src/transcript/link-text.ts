import { ByteReader, ipFromBytes, macFromBytes } from '@fairlead/base';
import { Attributes } from '../attribute.ts';
import { type Message, messageFlag } from '../message.ts';
import {
  bridgePortAttribute,
  FLAG_UP,
  informationAttribute,
  ipvlanAttribute,
  ipvlanFlags,
  ipvlanModes,
  linkAttribute,
  linkHeaderLength,
  macvlanAttribute,
  macvlanModes,
  nameOfNumber,
  vethAttribute,
  vlanAttribute,
  vxlanAttribute,
} from '../route/link-attributes.ts';
import { routeMessage } from '../route/message-types.ts';
import { commandLine, linkNamed, namespaceNamed, option, toolIn, type Words } from './command.ts';
import type { RouteEntry } from './entry.ts';

/** The `ip link` command that a link message stands for. */
export function renderLinkMessage(message: Message, entry: RouteEntry): string {
  const header = new ByteReader(message.body).skip(4);
  const index = header.i32();
  const flags = header.u32();
  const changeMask = header.u32();
  const attributes = new Attributes(message.body.subarray(linkHeaderLength));
  if ((changeMask & ~FLAG_UP) !== 0) throw new Error(`${entry.operation}: link flags ${changeMask} have no command`);
  const upOrDown = changeMask === 0 ? [] : [(flags & FLAG_UP) !== 0 ? 'up' : 'down'];
  const words = wordsOf(message, entry, index, attributes, upOrDown);
  attributes.assertAllRead(entry.operation);
  return commandLine([...toolIn('ip', entry.namespace), 'link', ...words]);
}

function wordsOf(message: Message, entry: RouteEntry, index: number, attributes: Attributes, upOrDown: Words): Words {
  const name = attributes.text(linkAttribute.name);
  if (message.type === routeMessage.deleteLink) return ['del', name];
  if (message.type === routeMessage.setLink) {
    const target = index === 0 ? [name] : [linkNamed(entry, index), ...option('name', name)];
    return ['set', 'dev', ...target, ...upOrDown, ...shapeWords(attributes, entry)];
  }
  if ((message.flags & messageFlag.create) === 0) {
    return ['set', 'dev', name, ...shapeWords(attributes, entry), ...portWords(attributes, entry)];
  }
  const parent = attributes.u32(linkAttribute.link);
  const parentWords = parent === undefined ? [] : ['link', linkNamed(entry, parent)];
  // A link that comes up without its address being set would announce the wrong one: ip(8) sends all in one message too.
  return [
    'add',
    ...option('index', index === 0 ? undefined : index),
    ...parentWords,
    'name',
    name,
    ...upOrDown,
    ...shapeWords(attributes, entry),
    ...typeWords(attributes, entry),
  ];
}

function shapeWords(attributes: Attributes, entry: RouteEntry): Words {
  const mac = attributes.bytes(linkAttribute.address);
  const master = attributes.u32(linkAttribute.master);
  const descriptor = attributes.u32(linkAttribute.namespaceDescriptor);
  return [
    ...option('mtu', attributes.u32(linkAttribute.mtu)),
    ...option('address', mac && macFromBytes(mac)),
    ...option('group', attributes.u32(linkAttribute.group)),
    ...option('alias', attributes.text(linkAttribute.alias)),
    ...(master === 0 ? ['nomaster'] : option('master', master && linkNamed(entry, master))),
    ...option('netns', descriptor === undefined ? undefined : namespaceNamed(entry, descriptor)),
  ];
}

function typeWords(attributes: Attributes, entry: RouteEntry): Words {
  const information = attributes.nested(linkAttribute.information);
  const kind = information?.text(informationAttribute.kind) ?? '';
  const data = information?.nested(informationAttribute.data);
  return ['type', kind, ...(data === undefined ? [] : dataWords(kind, data, entry))];
}

function portWords(attributes: Attributes, entry: RouteEntry): Words {
  const information = attributes.nested(linkAttribute.information);
  const kind = information?.text(informationAttribute.portKind);
  const data = information?.nested(informationAttribute.portData);
  if (kind !== 'bridge' || data === undefined) throw new Error(`${entry.operation}: RTM_NEWLINK that creates nothing`);
  return [
    'type',
    'bridge_slave',
    ...option('hairpin', onOrOff(data.u8(bridgePortAttribute.hairpin))),
    ...option('isolated', onOrOff(data.u8(bridgePortAttribute.isolated))),
  ];
}

function onOrOff(value: number | undefined): string | undefined {
  return value === undefined ? undefined : value === 0 ? 'off' : 'on';
}

function dataWords(kind: string, data: Attributes, entry: RouteEntry): Words {
  switch (kind) {
    case 'veth':
      return peerWords(data, entry);
    case 'vxlan':
      return vxlanWords(data);
    case 'vlan':
      return option('id', data.u16(vlanAttribute.id));
    case 'macvlan':
      return option('mode', nameOfNumber(macvlanModes, data.u32(macvlanAttribute.mode) ?? 0));
    case 'ipvlan':
      return [
        ...option('mode', nameOfNumber(ipvlanModes, data.u16(ipvlanAttribute.mode) ?? -1)),
        nameOfNumber(ipvlanFlags, data.u16(ipvlanAttribute.flags) ?? 0),
      ];
    default:
      return [];
  }
}

function peerWords(data: Attributes, entry: RouteEntry): Words {
  const peer = data.nestedBehind(vethAttribute.peer, linkHeaderLength);
  if (peer === undefined) return [];
  return ['peer', ...option('name', peer.text(linkAttribute.name)), ...shapeWords(peer, entry)];
}

function vxlanWords(data: Attributes): Words {
  const local = data.bytes(vxlanAttribute.local) ?? data.bytes(vxlanAttribute.local6);
  return [
    ...option('id', data.u32(vxlanAttribute.id)),
    ...option('local', local && ipFromBytes(local)),
    ...option('dstport', data.u16be(vxlanAttribute.port)),
    data.u8(vxlanAttribute.learning) === 0 ? 'nolearning' : 'learning',
  ];
}

import type { AttributeWriter } from '../attribute.ts';
import type { BatchRequest } from '../connection.ts';
import { encodeMessage, messageFlag } from '../message.ts';
import type { Expression, PayloadBase } from './expression.ts';
import { encodeExpressions } from './expression-codec.ts';
import { familyNumbers, nftType } from './nft-message.ts';
import { hookNumbers, tableFlag } from './table-encoder.ts';
import { encodeComment } from './userdata.ts';

/** Bytes at a place of a packet. */
export interface PacketMark {
  /** From the beginning of the transport header. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** A table that switches tracing on for packets with a mark, and does nothing else. */
export interface TraceTable {
  readonly family: 'inet' | 'bridge' | 'netdev';
  readonly name: string;
  /** Of `netdev`: the interfaces at whose ingress packets are looked at. */
  readonly devices?: readonly string[];
  /** A packet is traced when one of these fits. */
  readonly marks: readonly PacketMark[];
}

/** Before everything: connection tracking is at -200, what `iptables -t raw` does at -300. */
const FIRST = -500;
const TRANSPORT: PayloadBase = 2;
/** NFT_META_NFTRACE. */
const META_TRACE = 12;
const REGISTER = 1;

/**
 * The requests that make the table. It is owned by the socket that sends them: nobody else can change it, `nft flush
 * ruleset` passes it over, and it goes with the socket, also when its process is killed (Linux 5.12).
 */
export function encodeTraceTable(table: TraceTable): BatchRequest[] {
  const hooks = table.family === 'netdev' ? (table.devices ?? []).map(ingressHook) : inetHooks;
  return [
    newTable(table),
    ...hooks.flatMap((hook) => [newChain(table, hook), ...table.marks.map((mark) => newRule(table, hook, mark))]),
  ];
}

/** A chain and where it is called from. */
interface TraceHook {
  readonly chain: string;
  readonly number: number;
  readonly device?: string;
}

const inetHooks: readonly TraceHook[] = (['prerouting', 'output'] as const).map((chain) => ({
  chain,
  number: hookNumbers[chain],
}));

/** NF_NETDEV_INGRESS is 0. */
function ingressHook(device: string, index: number): TraceHook {
  return { chain: `ingress${index}`, number: 0, device };
}

function newTable({ family, name }: TraceTable): BatchRequest {
  const message = familyMessage(nftType.newTable, messageFlag.create | messageFlag.exclusive, family, (writer) => {
    writer
      .text(1, name)
      .u32be(2, tableFlag.owner)
      .bytes(6, encodeComment('a packet is being traced: made by fairlead'));
  });
  return { operation: `add table ${family} ${name}`, message };
}

function newChain({ family, name }: TraceTable, { chain, number, device }: TraceHook): BatchRequest {
  const message = familyMessage(nftType.newChain, messageFlag.create, family, (writer) => {
    writer.text(1, name).text(3, chain).text(7, 'filter').u32be(5, 1);
    writer.nested(4, (nest) => {
      nest.u32be(1, number).u32be(2, FIRST);
      if (device !== undefined) nest.text(3, device);
    });
  });
  return { operation: `add chain ${family} ${name} ${chain}`, message };
}

function newRule({ family, name }: TraceTable, { chain }: TraceHook, { offset, bytes }: PacketMark): BatchRequest {
  const expressions: Expression[] = [
    { name: 'payload', base: TRANSPORT, offset, length: bytes.length, register: REGISTER },
    { name: 'cmp', register: REGISTER, operator: '==', data: bytes },
    { name: 'immediate', register: REGISTER, data: Uint8Array.of(1) },
    { name: 'meta set', key: META_TRACE, source: REGISTER },
  ];
  const message = familyMessage(nftType.newRule, messageFlag.create | messageFlag.append, family, (writer) => {
    writer.text(1, name).text(2, chain);
    writer.nested(4, (list) => encodeExpressions(list, expressions));
  });
  return { operation: `add rule ${family} ${name} ${chain}`, message };
}

/** NFPROTO_NETDEV; none of our lasting tables is of that family. */
const NETDEV = 5;

function familyMessage(
  type: number,
  flags: number,
  family: TraceTable['family'],
  body: (writer: AttributeWriter) => void,
): Uint8Array {
  return encodeMessage(type, flags, (writer) => {
    writer.header
      .u8(family === 'netdev' ? NETDEV : familyNumbers[family])
      .u8(0)
      .u16be(0);
    body(writer);
  });
}

import type { BatchRequest } from '../connection.ts';
import { messageFlag } from '../message.ts';
import type { Expression, PayloadBase } from './expression.ts';
import { encodeExpressions } from './expression-codec.ts';
import { nftMessage, nftType } from './nft-message.ts';
import { hookNumbers, tableFlag } from './table-encoder.ts';
import { encodeComment } from './userdata.ts';

/** Bytes at a place of a packet. */
export interface PacketMark {
  /** From the beginning of the header. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** Default: `transport`. */
  readonly header?: keyof typeof bases;
  /** What has to be there as well. */
  readonly and?: readonly PacketMark[];
}

/**
 * A table that switches tracing on for packets with a mark, and does nothing else. Of TCP only what opens or refuses a
 * connection is looked at: most of what passes a host is the rest of it.
 */
export interface TraceTable {
  readonly family: 'inet' | 'bridge' | 'netdev';
  readonly name: string;
  /** Of `netdev`: the interfaces at whose ingress packets are looked at. */
  readonly devices?: readonly string[];
  /** A packet is traced when one of these fits. */
  readonly marks: readonly PacketMark[];
  /** Look at packets again before each hook, where addresses may have been translated since. */
  readonly everywhere?: true;
}

/** Before everything: connection tracking is at -200, what `iptables -t raw` does at -300. */
const FIRST = -500;
const bases = { network: 1, transport: 2 } as const satisfies Readonly<Record<string, PayloadBase>>;
const TRANSPORT: PayloadBase = bases.transport;
/** NFT_META_NFTRACE, NFT_META_L4PROTO. */
const META_TRACE = 12;
const META_PROTOCOL = 16;
const REGISTER = 1;
const TCP = 6;
/** Where TCP's flags are, and the two among them, in the second byte of that word. */
const FLAGS_WORD = 12;
const SYN_OR_RST = 0x06;
/** Bytes. */
const WORD = 4;

/**
 * The requests that make the table. It is owned by the socket that sends them: nobody else can change it, `nft flush
 * ruleset` passes it over, and it goes with the socket, also when its process is killed (Linux 5.12).
 */
export function encodeTraceTable(table: TraceTable): BatchRequest[] {
  return [newTable(table), ...hooksOf(table).flatMap((hook) => [newChain(table, hook), ...rulesOf(table, hook)])];
}

/** The requests by which a table that there is looks for these marks, and no others any more. */
export function encodeTraceMarks(table: TraceTable): BatchRequest[] {
  return hooksOf(table).flatMap((hook) => [clearChain(table, hook), ...rulesOf(table, hook)]);
}

/** The request that removes it with all its contents. */
export function encodeDeleteTraceTable({ family, name }: Pick<TraceTable, 'family' | 'name'>): BatchRequest {
  const message = nftMessage(nftType.deleteTable, 0, family, (writer) => writer.text(1, name));
  return { operation: `delete table ${family} ${name}`, message };
}

function rulesOf(table: TraceTable, hook: TraceHook): BatchRequest[] {
  const marked = table.marks.map(traceMarked);
  // What is looked at everywhere is told by its addresses, also in the middle of a connection.
  const rules = table.everywhere === true ? marked : [passOthers, ...marked];
  return rules.map((expressions) => newRule(table, hook, expressions));
}

function hooksOf({ family, devices = [], everywhere }: TraceTable): readonly TraceHook[] {
  if (family === 'netdev') return devices.map(ingressHook);
  return everywhere === true ? allHooks : inetHooks;
}

/** A chain and where it is called from. */
interface TraceHook {
  readonly chain: string;
  readonly number: number;
  readonly device?: string;
}

const inetHooks: readonly TraceHook[] = (['prerouting', 'output'] as const).map(inetHook);
const allHooks: readonly TraceHook[] = (['prerouting', 'input', 'forward', 'output', 'postrouting'] as const).map(
  inetHook,
);

function inetHook(chain: keyof typeof hookNumbers): TraceHook {
  return { chain, number: hookNumbers[chain] };
}

/** NF_NETDEV_INGRESS is 0. */
function ingressHook(device: string, index: number): TraceHook {
  return { chain: `ingress${index}`, number: 0, device };
}

function newTable({ family, name }: TraceTable): BatchRequest {
  const message = nftMessage(nftType.newTable, messageFlag.create | messageFlag.exclusive, family, (writer) => {
    writer
      .text(1, name)
      .u32be(2, tableFlag.owner)
      .bytes(6, encodeComment('a packet is being traced: made by fairlead'));
  });
  return { operation: `add table ${family} ${name}`, message };
}

function newChain({ family, name }: TraceTable, { chain, number, device }: TraceHook): BatchRequest {
  const message = nftMessage(nftType.newChain, messageFlag.create, family, (writer) => {
    writer.text(1, name).text(3, chain).text(7, 'filter').u32be(5, 1);
    writer.nested(4, (nest) => {
      nest.u32be(1, number).u32be(2, FIRST);
      if (device !== undefined) nest.text(3, device);
    });
  });
  return { operation: `add chain ${family} ${name} ${chain}`, message };
}

/** Without a number it is all rules of the chain that go (nf_tables_delrule). */
function clearChain({ family, name }: TraceTable, { chain }: TraceHook): BatchRequest {
  const message = nftMessage(nftType.deleteRule, 0, family, (writer) => {
    writer.text(1, name).text(2, chain);
  });
  return { operation: `flush chain ${family} ${name} ${chain}`, message };
}

/**
 * Leaves with a TCP segment that has neither SYN nor RST. Words of four bytes at multiples of four, here and below: those the
 * kernel loads, masks and compares without a call for each (nft_payload_fast_ops, nft_bitwise_fast_ops).
 */
const passOthers: readonly Expression[] = [
  { name: 'meta', key: META_PROTOCOL, register: REGISTER },
  { name: 'cmp', register: REGISTER, operator: '==', data: Uint8Array.of(TCP) },
  ...maskedWord(FLAGS_WORD, Uint8Array.of(0, SYN_OR_RST, 0, 0), new Uint8Array(WORD)),
  { name: 'verdict', verdict: 'accept' },
];

function traceMarked(mark: PacketMark): readonly Expression[] {
  return [
    ...[mark, ...(mark.and ?? [])].flatMap(compared),
    { name: 'immediate', register: REGISTER, data: Uint8Array.of(1) },
    { name: 'meta set', key: META_TRACE, source: REGISTER },
  ];
}

function compared({ header = 'transport', offset, bytes }: PacketMark): Expression[] {
  const isWord = header === 'transport' && offset % WORD === 0 && bytes.length <= WORD;
  return isWord ? beginningOfWord(offset, bytes) : bytesAt(bases[header], offset, bytes);
}

function beginningOfWord(offset: number, bytes: Uint8Array): Expression[] {
  const word = new Uint8Array(WORD);
  word.set(bytes);
  return maskedWord(offset, new Uint8Array(WORD).fill(0xff, 0, bytes.length), word);
}

function maskedWord(offset: number, mask: Uint8Array, data: Uint8Array): Expression[] {
  return [
    { name: 'payload', base: TRANSPORT, offset, length: WORD, register: REGISTER },
    { name: 'bitwise', register: REGISTER, mask, xor: new Uint8Array(WORD) },
    { name: 'cmp', register: REGISTER, operator: '==', data },
  ];
}

function bytesAt(base: PayloadBase, offset: number, bytes: Uint8Array): Expression[] {
  return [
    { name: 'payload', base, offset, length: bytes.length, register: REGISTER },
    { name: 'cmp', register: REGISTER, operator: '==', data: bytes },
  ];
}

function newRule({ family, name }: TraceTable, { chain }: TraceHook, expressions: readonly Expression[]): BatchRequest {
  const message = nftMessage(nftType.newRule, messageFlag.create | messageFlag.append, family, (writer) => {
    writer.text(1, name).text(2, chain);
    writer.nested(4, (list) => encodeExpressions(list, expressions));
  });
  return { operation: `add rule ${family} ${name} ${chain}`, message };
}

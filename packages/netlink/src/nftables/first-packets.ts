import type { BatchRequest } from '../connection.ts';
import { messageFlag } from '../message.ts';
import type { Expression, Register } from './expression.ts';
import { encodeExpressions } from './expression-codec.ts';
import { nftMessage, nftType } from './nft-message.ts';
import { hookNumbers } from './table-encoder.ts';

/** What is added to a table so that the first packets of flows are traced. */
export interface FirstPacketTracing {
  readonly family: 'inet' | 'bridge';
  /** Name of a table that there is. */
  readonly table: string;
  /** Milliseconds after which a packet of a flow counts as its first again. */
  readonly forgetAfter: number;
  /** Packets that are traced in a second at most, of all flows together, and as many at once. */
  readonly perSecond: number;
}

/** Before everything, as what traces single packets is. */
const FIRST = -500;
/** NFT_SET_TIMEOUT and NFT_SET_EVAL: rules add to it, time takes away. */
const DYNAMIC_SET = 0x10 | 0x20;
/**
 * What nft takes the keys for (`TYPE_INTEGER`, nft's include/datatype.h). The kernel does not ask, but who lists rules while
 * these are there does: on keys of no type nft 1.0.9 and 1.1 end with a failed assertion.
 */
const INTEGER = 4;
/** Flows that are remembered at a time: 64 KiB of kernel memory for each thousand, about. */
const FLOWS = 8192;

/** NFT_META_PROTOCOL, NFT_META_NFTRACE, NFT_META_L4PROTO. */
const meta = { protocol: 1, trace: 12, transport: 16 } as const;
const [NETWORK, TRANSPORT] = [1, 2] as const;
const [TCP, UDP] = [6, 17] as const;
/** A register of 16 bytes, which the smaller ones from the first on share. */
const SCRATCH: Register = 1;
const KEY: Register = 8;
const WORD = 4;
/** Where both addresses are, one behind the other. */
const versions = [
  { set: 'seen4', etherType: Uint8Array.of(0x08, 0x00), offset: 12, length: 8 },
  { set: 'seen6', etherType: Uint8Array.of(0x86, 0xdd), offset: 8, length: 32 },
] as const;
/** In a TCP segment: the word with the flags, and SYN in it. */
const FLAGS_WORD = 12;
const SYN = Uint8Array.of(0, 2, 0, 0);

/**
 * The requests that make rules by which the first packet of each flow is traced: with the ends, the protocol and the port
 * that is asked for it looks like none before. Of TCP that is what opens a connection, so that those under way cost a
 * comparison; other packets cost a look into a hash table.
 */
export function encodeFirstPackets(tracing: FirstPacketTracing): BatchRequest[] {
  const chains = (['prerouting', 'output'] as const).map((hook) => ({ hook, name: `first-${hook}` }));
  return [
    ...versions.map(({ set, length }, index) =>
      newSet(tracing, { name: set, keyLength: length + 2 * WORD, id: index + 1 }),
    ),
    ...chains.flatMap(({ hook, name }) => [
      newChain(tracing, name, hookNumbers[hook]),
      ...versions.flatMap((version) =>
        [TCP, UDP, undefined].map((protocol) => newRule(tracing, name, firstOf(version, protocol, tracing))),
      ),
    ]),
  ];
}

/** @param protocol none for all that have no ports here. */
function firstOf(
  { set, etherType, offset, length }: (typeof versions)[number],
  protocol: typeof TCP | typeof UDP | undefined,
  { perSecond }: FirstPacketTracing,
): readonly Expression[] {
  const afterAddresses = KEY + length / WORD;
  const port = afterAddresses + 1;
  return [
    { name: 'meta', key: meta.protocol, register: SCRATCH },
    { name: 'cmp', register: SCRATCH, operator: '==', data: etherType },
    { name: 'meta', key: meta.transport, register: SCRATCH },
    ...isProtocol(protocol),
    ...(protocol === TCP ? opensConnection : []),
    { name: 'payload', base: NETWORK, offset, length, register: KEY },
    { name: 'meta', key: meta.transport, register: afterAddresses },
    protocol === undefined
      ? { name: 'immediate', register: port, data: new Uint8Array(WORD) }
      : { name: 'payload', base: TRANSPORT, offset: 2, length: 2, register: port },
    { name: 'lookup', register: KEY, set, inverted: true },
    { name: 'add to set', set, key: KEY },
    { name: 'limit', perSecond, burst: perSecond },
    { name: 'immediate', register: SCRATCH, data: Uint8Array.of(1) },
    { name: 'meta set', key: meta.trace, source: SCRATCH },
  ];
}

function isProtocol(protocol: number | undefined): readonly Expression[] {
  const compare = (operator: '==' | '!=', number: number): Expression => ({
    name: 'cmp',
    register: SCRATCH,
    operator,
    data: Uint8Array.of(number),
  });
  return protocol === undefined ? [compare('!=', TCP), compare('!=', UDP)] : [compare('==', protocol)];
}

const opensConnection: readonly Expression[] = [
  { name: 'payload', base: TRANSPORT, offset: FLAGS_WORD, length: WORD, register: SCRATCH },
  { name: 'bitwise', register: SCRATCH, mask: SYN, xor: new Uint8Array(WORD) },
  { name: 'cmp', register: SCRATCH, operator: '==', data: SYN },
];

interface DynamicSet {
  readonly name: string;
  /** Bytes. */
  readonly keyLength: number;
  /** Number within the batch. */
  readonly id: number;
}

function newSet({ family, table, forgetAfter }: FirstPacketTracing, { name, keyLength, id }: DynamicSet): BatchRequest {
  const message = nftMessage(nftType.newSet, messageFlag.create, family, (writer) => {
    writer.text(1, table).text(2, name).u32be(3, DYNAMIC_SET).u32be(4, INTEGER).u32be(5, keyLength);
    writer.nested(9, (description) => description.u32be(1, FLOWS));
    writer.u32be(10, id).u64be(11, BigInt(forgetAfter));
  });
  return { operation: `add set ${family} ${table} ${name}`, message };
}

function newChain({ family, table }: FirstPacketTracing, name: string, hook: number): BatchRequest {
  const message = nftMessage(nftType.newChain, messageFlag.create, family, (writer) => {
    writer.text(1, table).text(3, name).text(7, 'filter').u32be(5, 1);
    writer.nested(4, (nest) => nest.u32be(1, hook).u32be(2, FIRST));
  });
  return { operation: `add chain ${family} ${table} ${name}`, message };
}

function newRule(
  { family, table }: FirstPacketTracing,
  chain: string,
  expressions: readonly Expression[],
): BatchRequest {
  const message = nftMessage(nftType.newRule, messageFlag.create | messageFlag.append, family, (writer) => {
    writer.text(1, table).text(2, chain);
    writer.nested(4, (list) => encodeExpressions(list, expressions));
  });
  return { operation: `add rule ${family} ${table} ${chain}`, message };
}

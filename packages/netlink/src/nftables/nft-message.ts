import type { AttributeWriter } from '../attribute.ts';
import type { BatchRequest } from '../connection.ts';
import { encodeMessage, flagsOf, messageFlag } from '../message.ts';
import type { TableFamily } from './definition.ts';

/** NFNL_SUBSYS_NFTABLES: the upper byte of a message type. */
const SUBSYSTEM_NFTABLES = 10;

/** Message types with their subsystem (enum nf_tables_msg_types). */
export const nftType = {
  newTable: 0xa00,
  getTable: 0xa01,
  deleteTable: 0xa02,
  newChain: 0xa03,
  getChain: 0xa04,
  deleteChain: 0xa05,
  newRule: 0xa06,
  getRule: 0xa07,
  deleteRule: 0xa08,
  newSet: 0xa09,
  getSet: 0xa0a,
  deleteSet: 0xa0b,
  newElement: 0xa0c,
  getElement: 0xa0d,
  deleteElement: 0xa0e,
  newGeneration: 0xa0f,
  getGeneration: 0xa10,
  trace: 0xa11,
  /** Linux 6.3; absence is no error. */
  destroyTable: 0xa1a,
  /** Linux 6.3; absence is no error. */
  destroyElement: 0xa1e,
} as const;

/** NFNL_MSG_BATCH_BEGIN and NFNL_MSG_BATCH_END. */
export const batchType = { begin: 0x10, end: 0x11 } as const;

/** Multicast groups of nfnetlink (enum nfnetlink_groups) that we listen to. */
export const netfilterGroup = {
  conntrackNew: 1,
  conntrackUpdate: 2,
  conntrackDestroy: 3,
  nftables: 7,
  nftTrace: 9,
} as const;

/** NFPROTO_* of each table family; 0 asks for all of them. */
export const familyNumbers: Readonly<Record<TableFamily | 'arp' | 'any', number>> = {
  any: 0,
  inet: 1,
  ip: 2,
  arp: 3,
  netdev: 5,
  bridge: 7,
  ip6: 10,
};

/**
 * Table family of a number.
 *
 * @throws Error for families that we have no tables in.
 */
export function familyName(number: number): TableFamily {
  const names = ['inet', 'ip', 'bridge', 'ip6', 'netdev'] as const satisfies readonly TableFamily[];
  const name = names.find((candidate) => familyNumbers[candidate] === number);
  if (name === undefined) throw new Error(`unknown nftables family ${number}`);
  return name;
}

/** One nfnetlink request: nfgenmsg (family, version 0, resource) and attributes. */
export function nftMessage(
  type: number,
  flags: number,
  family: keyof typeof familyNumbers,
  body: (writer: AttributeWriter) => void = () => undefined,
): Uint8Array {
  return encodeMessage(type, flags, (writer) => {
    writer.header.u8(familyNumbers[family]).u8(0).u16be(0);
    body(writer);
  });
}

/**
 * Put requests between the marks of a transaction: all of them take effect at once, or none does.
 *
 * Only the last one asks for an acknowledgement; the kernel answers a request that fails in any case, with its number.
 */
export function encodeNftBatch(requests: readonly BatchRequest[]): BatchRequest[] {
  const last = requests.at(-1);
  if (last === undefined) return [];
  acknowledge(last.message);
  return [
    { operation: 'begin nftables transaction', message: frame(batchType.begin) },
    ...requests,
    { operation: 'commit nftables transaction', message: frame(batchType.end) },
  ];
}

function frame(type: number): Uint8Array {
  return encodeMessage(type, 0, (writer) => writer.header.u8(0).u8(0).u16be(SUBSYSTEM_NFTABLES));
}

function acknowledge(message: Uint8Array): void {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  view.setUint16(6, flagsOf(message) | messageFlag.acknowledge, true);
}

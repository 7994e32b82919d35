import { Attributes } from '../attribute.ts';
import type { Message } from '../message.ts';
import { type RulesetFamily, rulesetFamily } from './chain-listing.ts';
import type { VerdictName } from './expression.ts';
import { verdictName } from './expression-codec.ts';

/** What happened to a traced packet: a rule matched, a chain ended, or a base chain's policy decided. */
export type TraceEventType = 'rule' | 'return' | 'policy';

/** One step of a traced packet (NFT_MSG_TRACE, net/netfilter/nf_tables_trace.c). */
export interface TraceEvent {
  readonly type: TraceEventType;
  /** The packet's number. It changes where a bridged packet becomes a routed one, and in another namespace. */
  readonly id: number;
  readonly family: RulesetFamily;
  readonly table: string;
  readonly chain: string;
  /** Number of the rule. A `rule` event without one only says that the chain went on to its end. */
  readonly handle?: bigint;
  readonly verdict?: { readonly name: VerdictName; readonly chain?: string };
  /** Of a base chain, with `policy` events. */
  readonly policy?: 'accept' | 'drop';
  /** IP version that the packet is looked at as. */
  readonly protocol?: 4 | 6;
  /** Interface indices. */
  readonly incoming?: number;
  readonly outgoing?: number;
  readonly mark?: number;
  /** Headers, which only the first event in a base chain carries. */
  readonly headers?: { readonly link?: Uint8Array; readonly network?: Uint8Array; readonly transport?: Uint8Array };
  /** Linux 6.15. */
  readonly connection?: TracedConnection;
}

/** The tracked connection that a packet belongs to. */
export interface TracedConnection {
  /** As in {@link Flow.id}. */
  readonly id: number;
  readonly direction: 'original' | 'reply';
  /** See {@link flowStatus}. */
  readonly status: number;
  /** NF_CT_STATE_BIT values: invalid 1, established 2, related 4, new 8, untracked 64. */
  readonly state: number;
}

const types = [undefined, 'policy', 'return', 'rule'] as const satisfies readonly (TraceEventType | undefined)[];

/** IP version of NFPROTO_IPV4 and NFPROTO_IPV6. */
const versions: Readonly<Record<number, 4 | 6>> = { 2: 4, 10: 6 };

/** Read NFT_MSG_TRACE; `undefined` for a kind of event that is not known. */
export function decodeTraceEvent(message: Message): TraceEvent | undefined {
  const attributes = new Attributes(message.body.subarray(4));
  const type = types[attributes.u32be(4) ?? 0];
  if (type === undefined) return undefined;
  const protocol = versions[attributes.u32be(15) ?? 0];
  return {
    type,
    id: attributes.u32be(6) ?? 0,
    family: rulesetFamily(message),
    table: attributes.text(1) ?? '',
    chain: attributes.text(2) ?? '',
    ...present('handle', attributes.u64be(3)),
    ...present('verdict', verdictOf(attributes.nested(5))),
    ...present('policy', policyOf(attributes.u32be(16))),
    ...present('protocol', protocol),
    ...present('incoming', attributes.u32be(10)),
    ...present('outgoing', attributes.u32be(12)),
    ...present('mark', attributes.u32be(14)),
    ...present('headers', headersOf(attributes)),
    ...present('connection', connectionOf(attributes)),
  };
}

/** A change of the ruleset (NFT_MSG_NEWGEN): who made it. */
export interface GenerationEvent {
  readonly generation: number;
  readonly processId?: number;
  readonly processName?: string;
}

/** Read NFT_MSG_NEWGEN. */
export function decodeGeneration(message: Message): GenerationEvent {
  const attributes = new Attributes(message.body.subarray(4));
  return {
    generation: attributes.u32be(1) ?? 0,
    ...present('processId', attributes.u32be(2)),
    ...present('processName', attributes.text(3)),
  };
}

function verdictOf(verdict: Attributes | undefined): TraceEvent['verdict'] {
  const name = verdict && verdictName((verdict.u32be(1) ?? 0) | 0);
  return name === undefined ? undefined : { name, ...present('chain', verdict?.text(2)) };
}

function policyOf(code: number | undefined): 'accept' | 'drop' | undefined {
  return code === undefined ? undefined : code === 0 ? 'drop' : 'accept';
}

function headersOf(attributes: Attributes): TraceEvent['headers'] {
  const [link, network, transport] = [7, 8, 9].map((type) => attributes.bytes(type));
  if (link === undefined && network === undefined && transport === undefined) return undefined;
  return { ...present('link', link), ...present('network', network), ...present('transport', transport) };
}

function connectionOf(attributes: Attributes): TracedConnection | undefined {
  const id = attributes.u32be(18);
  if (id === undefined) return undefined;
  const direction = attributes.u8(19) === 1 ? 'reply' : 'original';
  return { id, direction, status: attributes.u32be(20) ?? 0, state: attributes.u32be(21) ?? 0 };
}

/** A property that is left out when there is nothing to say. */
function present<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  const result: { [P in K]?: V } = {};
  if (value !== undefined) result[key] = value;
  return result;
}

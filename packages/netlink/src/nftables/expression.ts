/**
 * The instructions that a rule is made of in the kernel: a small register machine. This is the form between rules as
 * text and rules as bytes; each value here has exactly one encoding (see `expression-codec.ts`).
 */

/** Registers in the numbering of four bytes each (enum nft_registers): 1 to 4 hold 16 bytes, 8 to 23 hold 4 bytes. */
export type Register = number;

/** The verdict register. */
export const VERDICT_REGISTER = 0;

/** How two values compare (enum nft_cmp_ops). */
export const comparisons = ['==', '!=', '<', '<=', '>', '>='] as const;

/** What a rule can do with a packet, by the kernel's numbers (enum nft_verdicts, linux/netfilter.h). */
export const verdictNumbers = { drop: 0, accept: 1, continue: -1, jump: -3, goto: -4, return: -5 } as const;

/** Name of a verdict. */
export type VerdictName = keyof typeof verdictNumbers;

/** Where a payload offset counts from (enum nft_payload_bases). */
export type PayloadBase = 0 | 1 | 2;

/** One instruction. */
export type Expression =
  | { readonly name: 'meta'; readonly key: number; readonly register: Register }
  | { readonly name: 'meta set'; readonly key: number; readonly source: Register }
  | PayloadLoad
  | PayloadWrite
  | {
      readonly name: 'cmp';
      readonly register: Register;
      readonly operator: (typeof comparisons)[number];
      readonly data: Uint8Array;
    }
  | { readonly name: 'bitwise'; readonly register: Register; readonly mask: Uint8Array; readonly xor: Uint8Array }
  | {
      readonly name: 'lookup';
      readonly register: Register;
      readonly set: string;
      readonly inverted: boolean;
      /** Where a map's data goes; absent for sets. */
      readonly destination?: Register;
    }
  | { readonly name: 'immediate'; readonly register: Register; readonly data: Uint8Array }
  | { readonly name: 'verdict'; readonly verdict: VerdictName; readonly chain?: string }
  | {
      readonly name: 'nat';
      readonly type: 'dnat' | 'snat';
      readonly family: 'ip' | 'ip6';
      readonly address: Register;
      readonly port?: Register;
    }
  | { readonly name: 'masq' }
  | { readonly name: 'redir'; readonly port: Register }
  | { readonly name: 'tproxy'; readonly family: 'ip' | 'ip6'; readonly address: Register; readonly port: Register }
  | { readonly name: 'fib'; readonly register: Register; readonly result: number; readonly flags: number }
  /** What differs between a connection's two directions has one, of enum ip_conntrack_dir. */
  | { readonly name: 'ct'; readonly key: number; readonly register: Register; readonly direction?: number }
  | { readonly name: 'counter' }
  /** Adds what is in registers, from this one on, to a set; ends the rule when there is no room. */
  | { readonly name: 'add to set'; readonly set: string; readonly key: Register }
  /** Ends the rule when packets come faster. */
  | { readonly name: 'limit'; readonly perSecond: number; readonly burst: number }
  | { readonly name: 'notrack' }
  | { readonly name: 'rt'; readonly key: number; readonly register: Register }
  | { readonly name: 'byteorder'; readonly register: Register; readonly length: number; readonly size: number }
  | {
      readonly name: 'tcp option set';
      readonly option: number;
      readonly offset: number;
      readonly length: number;
      readonly source: Register;
    }
  | { readonly name: 'reject'; readonly type: number; readonly code: number };

/** Copies bytes of the packet into a register. */
export interface PayloadLoad {
  readonly name: 'payload';
  readonly base: PayloadBase;
  readonly offset: number;
  readonly length: number;
  readonly register: Register;
}

/**
 * Copies a register into the packet and mends the checksum at `checksumOffset` of the same header; without an offset, as
 * nft 1.1 has it, that of the transport protocol, wherever it stands.
 */
export interface PayloadWrite {
  readonly name: 'payload set';
  readonly base: PayloadBase;
  readonly offset: number;
  readonly length: number;
  readonly source: Register;
  readonly checksumOffset?: number;
}

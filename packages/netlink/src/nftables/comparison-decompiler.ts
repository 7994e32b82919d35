import type { Selector, Statement } from './definition.ts';
import type { Expression, PayloadLoad } from './expression.ts';
import { prefixMask } from './rule-compiler.ts';
import { type Requirement, type SelectorCode, selectors } from './selector.ts';

/** An instruction that brings a field of the packet, or something known of it, into a register. */
export type Load = Extract<Expression, { name: 'meta' | 'payload' | 'fib' | 'ct' }>;

/** True when a selector is loaded like this. */
export function loadsLike(code: SelectorCode, load: Load): boolean {
  const own = code.load(load.register);
  if (own.name !== load.name) return false;
  switch (own.name) {
    case 'payload':
      return load.name === 'payload' && isPartOf(own, load, code);
    case 'fib':
      return load.name === 'fib' && own.result === load.result && own.flags === load.flags;
    case 'meta':
      return load.name === 'meta' && own.key === load.key;
    case 'ct':
      return load.name === 'ct' && own.key === load.key && own.direction === load.direction;
    default:
      return false;
  }
}

/** Prefixes of whole bytes are loaded without the rest of the address. */
function isPartOf(own: PayloadLoad, load: PayloadLoad, code: SelectorCode): boolean {
  const fits = code.comparison === 'address' ? load.length <= own.length : load.length === own.length;
  return own.base === load.base && own.offset === load.offset && fits;
}

/** The statement that compares what was loaded, as `nft` writes it. @throws Error for what `nft` has no words for. */
export function comparison(
  name: Selector,
  mask: Uint8Array | undefined,
  unequal: boolean,
  data: Uint8Array,
): Statement {
  const code = selectors[name];
  const not = unequal ? ({ operator: '!=' } as const) : {};
  if (code.comparison === 'address') return { match: [name], ...not, with: { value: prefixText(code, mask, data) } };
  if (mask === undefined) return { match: [name], ...not, with: { value: code.decode(data) } };
  if (code.comparison !== 'flags') return fail(`mask of ${name}`);
  if (data.some((byte) => byte !== 0)) {
    return { match: [name], ...not, with: { value: `${code.decode(data)} / ${code.decode(mask)}` } };
  }
  return { match: [name], ...(unequal ? {} : { operator: '!' }), with: { value: code.decode(mask) } };
}

function prefixText(code: SelectorCode, mask: Uint8Array | undefined, data: Uint8Array): string {
  if (data.length < code.length) {
    const whole = new Uint8Array(code.length);
    whole.set(data);
    return `${code.decode(whole)}/${data.length * 8}`;
  }
  if (mask === undefined) return code.decode(data);
  const bits = Array.from({ length: code.length * 8 }, (_, index) => index).find((length) =>
    equal(prefixMask(code.length, length), mask),
  );
  return bits === undefined ? fail('mask of an address') : `${code.decode(data)}/${bits}`;
}

const transports: Readonly<Record<number, Requirement>> = { 6: 'tcp', 17: 'udp', 132: 'sctp', 58: 'icmpv6' };
const etherTypes: Readonly<Record<number, Requirement>> = { 2048: 'ip', 2054: 'arp', 34525: 'ip6' };

/** What a comparison tells of the packet. */
export function requirementOf(name: Selector, data: Uint8Array): Requirement | undefined {
  if (name === 'meta nfproto') return data[0] === 2 ? 'ip' : 'ip6';
  if (name !== 'meta l4proto') return undefined;
  return transports[data[0] ?? 0];
}

/** The same, of the protocol in an Ethernet header. @throws Error for one that no selector needs. */
export function etherRequirement(data: Uint8Array): Requirement {
  const type = ((data[0] ?? 0) << 8) | (data[1] ?? 0);
  return etherTypes[type] ?? fail(`protocol ${type}`);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** Give up on an instruction that nobody here writes. @throws Error always. */
export function fail(what: string): never {
  throw new Error(`nftables: cannot read ${what}`);
}

import type { Attributes } from '../attribute.ts';

/**
 * Statements that carry all of themselves in their attributes, in nft's words; `undefined` for any other. Numbers of
 * attributes and flags are those of include/uapi/linux/netfilter/nf_tables.h.
 */
export function expressionWords(name: string, data: Attributes): string | undefined {
  return words[name]?.(data);
}

const words: Readonly<Record<string, (data: Attributes) => string>> = {
  counter: () => 'counter',
  notrack: () => 'notrack',
  masq: () => 'masquerade',
  redir: () => 'redirect',
  tproxy: () => 'tproxy',
  synproxy: () => 'synproxy',
  dup: () => 'dup',
  fwd: () => 'fwd',
  match: (data) => `xt match "${data.text(1) ?? ''}"`,
  target: (data) => `xt target "${data.text(1) ?? ''}"`,
  reject: (data) => (data.u32be(1) === 1 ? 'reject with tcp reset' : 'reject'),
  nat: (data) => (data.u32be(1) === 1 ? 'dnat' : 'snat'),
  log: (data) => (data.has(2) ? `log prefix "${data.text(2)}"` : 'log'),
  queue: (data) => `queue num ${data.u16be(1) ?? '?'}`,
  limit: limitWords,
  quota: (data) => `quota ${over(data.u32be(2))}${data.u64be(1) ?? '?'} bytes`,
  connlimit: (data) => `ct count ${over(data.u32be(2))}${data.u32be(1) ?? '?'}`,
  objref: objectWords,
};

/** NFT_LIMIT_F_INV, NFT_QUOTA_F_INV, NFT_CONNLIMIT_F_INV. */
const INVERTED = 1;

function over(flags = 0): string {
  return (flags & INVERTED) === 0 ? '' : 'over ';
}

/** Seconds of each unit that nft has a word for. */
const units: Readonly<Record<string, string>> = {
  1: 'second',
  60: 'minute',
  3600: 'hour',
  86400: 'day',
  604800: 'week',
};

/** NFTA_LIMIT_RATE, _UNIT, _BURST, _TYPE, _FLAGS. */
function limitWords(data: Attributes): string {
  const [rate, unit] = [data.u64be(1), data.u64be(2)];
  if (rate === undefined || unit === undefined) return '[limit]';
  const [burst, what] = [data.u32be(3) ?? 0, data.u32be(4) === 1 ? ' bytes' : ''];
  const per = units[`${unit}`] ?? `${unit} seconds`;
  const atOnce = burst === 0 ? '' : ` burst ${burst}${what || ' packets'}`;
  return `limit rate ${over(data.u32be(5))}${rate}${what}/${per}${atOnce}`;
}

/** NFT_OBJECT_*. */
const objects: Readonly<Record<number, string>> = {
  1: 'counter',
  2: 'quota',
  3: 'ct helper',
  4: 'limit',
  7: 'ct timeout',
  8: 'secmark',
  9: 'ct expectation',
  10: 'synproxy',
};

function objectWords(data: Attributes): string {
  const [type = 0, name] = [data.u32be(1), data.text(2)];
  if (name === undefined) return '[object of a map]';
  const kind = objects[type] ?? '[object]';
  return `${kind} ${kind.includes(' ') ? 'set' : 'name'} "${name}"`;
}

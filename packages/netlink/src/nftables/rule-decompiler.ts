import { ipFromBytes } from '@fairlead/base';
import { comparison, etherRequirement, fail, type Load, loadsLike, requirementOf } from './comparison-decompiler.ts';
import type { Selector, Statement, TableFamily, WritableField } from './definition.ts';
import type { Expression, PayloadWrite, Register } from './expression.ts';
import { fields } from './field.ts';
import { registerAt, rejections, writableFields } from './rule-compiler.ts';
import { type Requirement, selectorNames, selectors } from './selector.ts';

/**
 * Turn instructions back into statements, as `nft list` does.
 *
 * @throws Error for anything that {@link compileRule} cannot have made.
 */
export function decompileRule(family: TableFamily, expressions: readonly Expression[]): Statement[] {
  const decompiler = new RuleDecompiler(family);
  for (const expression of expressions) decompiler.add(expression);
  return decompiler.finish();
}

/** What is in the registers: a field of the packet with the mask put over it, a constant, or the data of a map. */
interface Loaded {
  readonly load: Load;
  readonly mask?: Uint8Array;
}

/** NFT_META_PROTOCOL, which only stands before header fields in tables of family bridge and netdev. */
const META_PROTOCOL = 1;

class RuleDecompiler {
  readonly #statements: Statement[] = [];
  /** What is known of the packet, with the statement that told, as long as that may turn out to be implied. */
  readonly #known = new Map<Requirement, Statement | undefined>();
  readonly #loaded = new Map<number, Loaded>();
  readonly #constants = new Map<Register, Uint8Array>();
  #map: { by: Selector[]; name: string } | undefined;
  /** Steps of the segment size clamp seen so far. */
  #clamp = 0;

  constructor(family: TableFamily) {
    if (family === 'ip' || family === 'ip6') this.#known.set(family, undefined);
  }

  finish(): Statement[] {
    if (this.#loaded.size > 0 || this.#constants.size > 0 || this.#map !== undefined || this.#clamp > 0)
      fail('rule without an end');
    return this.#statements;
  }

  add(e: Expression): void {
    switch (e.name) {
      case 'meta':
      case 'payload':
      case 'fib':
      case 'ct':
        this.#loaded.set(wordOf(e.register), { load: e });
        return;
      case 'bitwise':
        return this.#mask(e.register, e.mask, e.xor);
      case 'cmp':
        return this.#compare(e);
      case 'lookup':
        return this.#lookup(e);
      case 'immediate':
        this.#constants.set(e.register, e.data);
        return;
      case 'verdict':
        return this.#verdict(e);
      case 'nat':
        return this.#translate(e);
      case 'masq':
        return this.#push({ masquerade: true });
      case 'counter':
        return this.#push({ counter: true });
      case 'notrack':
        return this.#push({ notrack: true });
      case 'redir':
        return this.#push({ redirect: { port: portOf(this.#constant(e.port)) } });
      case 'tproxy':
        return this.#push({
          tproxy: { address: ipFromBytes(this.#constant(e.address)), port: Number(portOf(this.#constant(e.port))) },
        });
      case 'payload set':
        return this.#write(e);
      case 'meta set':
        if (e.key !== 3) fail(`meta key ${e.key} set`);
        return this.#push({ setMark: Number(fields.mark.decode(this.#constant(e.source))) });
      case 'byteorder':
        // nft 1.0.6 puts one before single bytes of an interval key, where it does nothing.
        if (e.length >= e.size) this.#clampStep(e);
        return;
      case 'rt':
      case 'tcp option set':
        return this.#clampStep(e);
      case 'reject':
        return this.#reject(e.type, e.code);
      case 'add to set':
      case 'limit':
        // Only rules that nobody reads back have them.
        return fail(e.name);
      default:
        e satisfies never;
    }
  }

  #push(statement: Statement): void {
    this.#statements.push(statement);
  }

  #mask(register: Register, mask: Uint8Array, xor: Uint8Array): void {
    const loaded = this.#loaded.get(wordOf(register));
    if (loaded === undefined || loaded.mask !== undefined || xor.some((byte) => byte !== 0))
      return fail('bitwise operation');
    this.#loaded.set(wordOf(register), { ...loaded, mask });
  }

  #compare({ operator, data, register }: Extract<Expression, { name: 'cmp' }>): void {
    const { load, mask } = this.#loaded.get(wordOf(register)) ?? fail('comparison of nothing');
    this.#loaded.clear();
    if (operator !== '==' && operator !== '!=') fail(`operator ${operator}`);
    if (load.name === 'meta' && load.key === META_PROTOCOL) return this.#learn(etherRequirement(data), undefined);
    const name = this.#selectorOf(load);
    const statement = comparison(name, mask, operator === '!=', data);
    this.#push(statement);
    if (operator === '==') this.#learn(requirementOf(name, data), statement);
  }

  #learn(requirement: Requirement | undefined, statement: Statement | undefined): void {
    if (requirement !== undefined && !this.#known.has(requirement)) this.#known.set(requirement, statement);
  }

  /** The selector that loads like this; what it implies need not be said any more. */
  #selectorOf(load: Load): Selector {
    const candidates = selectorNames.filter((name) => loadsLike(selectors[name], load));
    const able = candidates.filter((name) => this.#isKnown(selectors[name].requires));
    // `tcp dport` rather than `th dport` where the packet is known to be TCP.
    const name = able.find((candidate) => selectors[candidate].requires !== undefined) ?? able[0];
    if (name === undefined) return fail(`${load.name} ${JSON.stringify(load)}`);
    this.#imply(selectors[name].requires);
    return name;
  }

  #isKnown(requirement: Requirement | undefined): boolean {
    return requirement === undefined || this.#known.has(requirement);
  }

  #imply(requirement: Requirement | undefined): void {
    const statement = requirement && this.#known.get(requirement);
    if (requirement === undefined || statement === undefined) return;
    this.#statements.splice(this.#statements.indexOf(statement), 1);
    this.#known.set(requirement, undefined);
  }

  #lookup(e: Extract<Expression, { name: 'lookup' }>): void {
    const names = this.#takeFields(e.register);
    if (e.destination !== undefined) {
      if (e.destination !== 1 || e.inverted) fail('map lookup');
      this.#map = { by: names, name: e.set };
      return;
    }
    this.#push({ match: names, ...(e.inverted ? { operator: '!=' } : {}), with: { set: e.set } });
  }

  /** The fields of a concatenation, each starting at a word of its own. */
  #takeFields(register: Register): Selector[] {
    const names: Selector[] = [];
    let word = wordOf(register);
    for (let loaded = this.#loaded.get(word); loaded !== undefined; loaded = this.#loaded.get(word)) {
      const name = this.#selectorOf(loaded.load);
      if (
        loaded.mask !== undefined ||
        (loaded.load.name === 'payload' && loaded.load.length !== selectors[name].length)
      )
        fail('part of a field in a lookup');
      names.push(name);
      this.#loaded.delete(word);
      word += Math.ceil(selectors[name].length / 4);
    }
    if (names.length === 0) fail('lookup of nothing');
    return names;
  }

  #verdict({ verdict, chain }: Extract<Expression, { name: 'verdict' }>): void {
    if (verdict === 'jump' || verdict === 'goto')
      return this.#push({ verdict, chain: chain ?? fail(`${verdict} to nowhere`) });
    if (verdict === 'continue') return fail('verdict continue');
    this.#push({ verdict });
  }

  #translate({ type: translate, family, address, port }: Extract<Expression, { name: 'nat' }>): void {
    const map = this.#map;
    if (map !== undefined) {
      this.#map = undefined;
      if (address !== 1 || (port !== undefined && port !== registerAt(family === 'ip' ? 1 : 4)))
        fail('registers of a translation');
      return this.#push({ translate, family, by: map.by, map: map.name });
    }
    const target = { translate, family, address: ipFromBytes(this.#constant(address)) } as const;
    this.#push(port === undefined ? target : { ...target, port: portOf(this.#constant(port)) });
  }

  #write(e: PayloadWrite): void {
    const isThis = (name: WritableField) => {
      const field = writableFields[name];
      const { checksumOffset = field.checksumOffset } = e;
      return this.#known.has(field.requires) && field.offset === e.offset && field.checksumOffset === checksumOffset;
    };
    const names = ['udp sport', 'udp dport', 'tcp sport', 'tcp dport'] as const satisfies readonly WritableField[];
    const field = names.find(isThis);
    if (field === undefined || e.base !== 2 || e.length !== 2) return fail('payload write');
    this.#imply(writableFields[field].requires);
    this.#push({ set: field, to: Number(portOf(this.#constant(e.source))) });
  }

  /** Three instructions make the clamp: look the route's size up, turn it round, write the option. */
  #clampStep(e: Extract<Expression, { name: 'rt' | 'byteorder' | 'tcp option set' }>): void {
    const steps = [
      e.name === 'rt' && e.key === 3,
      e.name === 'byteorder' && e.length === 2 && e.size === 2,
      e.name === 'tcp option set' && e.option === 2 && e.offset === 2 && e.length === 2,
    ];
    if (steps[this.#clamp] !== true) fail(e.name);
    this.#clamp++;
    if (this.#clamp < steps.length) return;
    this.#clamp = 0;
    this.#imply('tcp');
    this.#push({ clampMss: true });
  }

  #reject(type: number, code: number): void {
    const names = ['icmpx admin-prohibited', 'tcp reset'] as const;
    const reject = names.find((name) => rejections[name].type === type && rejections[name].code === code);
    this.#push({ reject: reject ?? fail(`rejection ${type}/${code}`) });
  }

  #constant(register: Register): Uint8Array {
    const data = this.#constants.get(register) ?? fail(`use of register ${register}`);
    this.#constants.delete(register);
    return data;
  }
}

/** The four-byte word at which a register begins; the inverse of {@link registerAt}. */
function wordOf(register: Register): number {
  return register < 8 ? (register - 1) * 4 : register - 8;
}

function portOf(bytes: Uint8Array): number {
  return Number(fields.inet_service.decode(bytes));
}

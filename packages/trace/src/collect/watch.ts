import { messageOf } from '@fairlead/base';
import { type Gap, RuleHours } from '../model/rule-hours.ts';
import { canTapPackets } from './packet-tap.ts';
import { type PacketWatch, type SeenPacket, watchPackets } from './packet-watch.ts';
import { type RuleWatch, type WatchedNamespace, watchRules } from './rule-watch.ts';
import type { News } from './settle.ts';

/** Traces of one series: their tags differ in the last byte only, of which each takes two values. */
const TRACES = 120;

/** What a watch does otherwise than others. */
export interface WatchOptions {
  /** Do as if this kernel had no eBPF. */
  readonly withoutPrograms?: boolean;
  /** Milliseconds without a sight of a probe after which rules are watched no longer. */
  readonly attention?: number;
}

/**
 * Sees the packets of a series of traces. Making one takes most of the time of a trace, so whoever traces several packets
 * in a row shares it.
 */
export class Watch implements Disposable, News {
  readonly rules: RuleWatch;
  readonly #hours: RuleHours;
  #rest: NodeJS.Timeout | undefined;
  readonly #missing: string[] = [];
  readonly #base: number;
  readonly #listeners = new Set<() => void>();
  readonly #withoutPrograms: boolean;
  #packets: PacketWatch | undefined;
  #isLooking = false;
  #used = 0;

  constructor({ withoutPrograms = false, attention }: WatchOptions = {}) {
    this.#base = newBase();
    this.#withoutPrograms = withoutPrograms;
    this.#hours = new RuleHours(attention);
    const everywhere = withoutPrograms || !canTapPackets();
    this.rules = watchRules(this.#base, { hear: () => this.#hear('probe'), everywhere });
  }

  /** Absent before {@link look}, and where this kernel does not show packets. */
  get packets(): PacketWatch | undefined {
    return this.#packets;
  }

  /** When rules were not watched. */
  get gaps(): readonly Gap[] {
    return this.#hours.gaps;
  }

  /** A probe is about to be sent: watch the rules of these namespaces as well, and look at packets. */
  attend(namespaces: readonly WatchedNamespace[]): void {
    this.rules.add(namespaces);
    this.#stir();
    this.look();
    // Without packets rules are all that tells where it is.
    if (this.#rest === undefined && this.packets !== undefined) this.#restIn(this.#hours.left(now()));
  }

  /**
   * Look at packets from now on. The last thing before one is sent: everybody's packets are looked at, and after another
   * trace the kernel lets us wait for some milliseconds, until it has forgotten that one (tracepoint.c, tp_rcu_cond_sync).
   */
  look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#packets = this.#withoutPrograms ? this.#lack('eBPF is not to be used') : this.#tryPackets();
  }

  /** What could not be had, in words. */
  get missing(): readonly string[] {
    return [...this.#missing, ...(this.packets?.missing ?? []), ...this.rules.missing];
  }

  /** A tag for the next trace. @throws RangeError when the series is used up. */
  nextTag(): number {
    if (this.#used >= TRACES) throw new RangeError('this series of traces is used up');
    this.#used += 1;
    return this.#base + this.#used * 2;
  }

  /** True when there is a tag left. */
  get isFresh(): boolean {
    return this.#used < TRACES;
  }

  listen(hear: () => void): Disposable {
    this.#listeners.add(hear);
    return { [Symbol.dispose]: () => this.#listeners.delete(hear) };
  }

  /** Say to those who wait that there may be something new. */
  tell(): void {
    for (const hear of this.#listeners) hear();
  }

  #hear(seen: SeenPacket): void {
    if (seen === 'probe') this.#stir();
    this.tell();
  }

  /** A probe is on its way: what it meets from now on is to be seen. */
  #stir(): void {
    this.#hours.stir(now());
    if (this.#hours.areWatched) return;
    this.rules.wake();
    this.#hours.resume(now());
    this.#restIn(this.#hours.left(now()));
  }

  #restIn(milliseconds: number): void {
    if (milliseconds !== Number.POSITIVE_INFINITY)
      this.#rest = setTimeout(() => this.#restOrWait(), Math.ceil(milliseconds)).unref();
  }

  /** Nobody is to pay for rules that are watched while nothing comes by. */
  #restOrWait(): void {
    this.#rest = undefined;
    const over = now();
    this.packets?.drain();
    const left = this.#hours.left(over);
    if (left > 0) this.#restIn(left);
    else if (this.rules.rest()) this.#hours.pause(over);
  }

  #tryPackets(): PacketWatch | undefined {
    try {
      return watchPackets(this.#base, (seen) => this.#hear(seen));
    } catch (error) {
      return this.#lack(messageOf(error));
    }
  }

  #lack(reason: string): undefined {
    this.#missing.push(`the packet itself could not be watched (${reason}): hops are told from rules`);
    return undefined;
  }

  /** What was seen can still be read. */
  [Symbol.dispose](): void {
    clearTimeout(this.#rest);
    using parts = new DisposableStack();
    parts.use(this.rules);
    parts.use(this.packets);
  }
}

/** Of the clock that programs read. */
function now(): bigint {
  return process.hrtime.bigint();
}

/** Random in its first three bytes; neither all zeros, which packets have by themselves, nor all ones. */
function newBase(): number {
  const [random = 1] = crypto.getRandomValues(new Uint32Array(1));
  const base = (random & 0xffff_ff00) >>> 0;
  return base === 0 || base === 0xffff_ff00 ? 0x5eed_0000 : base;
}

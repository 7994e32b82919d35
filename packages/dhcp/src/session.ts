import type { IpAddress, MacAddress } from '@fairlead/base';
import { DEFEND_INTERVAL, userOf } from './address-probe.ts';
import type { HostLease } from './lease.ts';
import type { ClientState, Conflict, ConflictOutcome, Machine, Step } from './machine.ts';

/** A way to speak on a link below the addresses that it has. */
export interface LinkSocket extends Disposable {
  /** Send an Ethernet frame. @throws what the kernel says: the link may be down, or gone. */
  send(frame: Uint8Array): void;
}

/** What a session lives in. */
export interface SessionOptions {
  /** Open the link, and get every frame that may be meant for the client until the disposal. */
  readonly open: (onFrame: (frame: Uint8Array) => void) => LinkSocket;
  /** The lease is another one now, or lasts longer, or is lost. */
  readonly onNews: (news: 'leased' | 'lost', lease: HostLease | undefined) => void;
  /** Get every frame by which somebody says that he uses an address, until the disposal. */
  readonly watch: (address: IpAddress, onFrame: (frame: Uint8Array) => void) => Disposable;
  /** Whether a hardware address is one of this host's: a host may answer for each of its addresses on each of its links. */
  readonly isOwn: (mac: MacAddress) => boolean;
  /** Another machine uses what was given. Where it is `defended` the link has to be told whose it is. */
  readonly onConflict: (conflict: Conflict, outcome: ConflictOutcome) => void;
  /** The link could not be spoken on; the client tries again in its own time. */
  readonly onFault: (error: unknown) => void;
}

/** The longest that a timer of Node's takes. */
const LONGEST_TIMER = 0x7fff_ffff;

/** An address in use that others may use as well. */
interface Guarded extends Disposable {
  readonly address: IpAddress;
  /** When another machine was last heard to use it. */
  contestedAt?: number;
}

/**
 * A client at work: it gives a {@link Machine} a clock and a link, which is open only while the client listens. The address
 * in use is watched: it is defended against another machine that uses it, and given up if that goes on (RFC 5227, 2.4).
 */
export class LeaseSession<State extends ClientState> implements Disposable {
  readonly #machine: Machine<State>;
  readonly #options: SessionOptions;
  #state: State | undefined;
  #socket: LinkSocket | undefined;
  #guarded: Guarded | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(machine: Machine<State>, options: SessionOptions) {
    this.#machine = machine;
    this.#options = options;
  }

  /** What is held now. */
  get lease(): HostLease | undefined {
    return this.#state?.lease;
  }

  /** See {@link Machine.begin}. */
  begin(held?: HostLease): void {
    this.#take(this.#machine.begin(Date.now(), held));
  }

  /** See {@link Machine.resume}. */
  resume(held: HostLease): void {
    this.#take(this.#machine.resume(Date.now(), held));
  }

  /** The lease stays with the server: who gives it back sends a message of its own. */
  [Symbol.dispose](): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
    this.#guard(undefined);
  }

  #take({ state, frames, news, conflict }: Step<State>): void {
    if (this.#ended) return;
    this.#state = state;
    this.#speak(state, frames);
    this.#guard(this.#machine.inUse(state));
    this.#schedule(state);
    if (conflict !== undefined) this.#options.onConflict(conflict, 'declined');
    if (news !== undefined) this.#options.onNews(news, state.lease);
  }

  #speak({ listens }: State, frames: readonly Uint8Array[]): void {
    try {
      if (listens) this.#socket ??= this.#options.open((frame) => this.#receive(frame));
      for (const frame of frames) this.#socket?.send(frame);
    } catch (error) {
      this.#options.onFault(error);
    }
    if (listens) return;
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
  }

  /** Watch an address, and no other one. What cannot be watched is tried again with the next step. */
  #guard(address: IpAddress | undefined): void {
    if (this.#guarded?.address === address) return;
    this.#guarded?.[Symbol.dispose]();
    this.#guarded = undefined;
    if (address === undefined) return;
    try {
      const watch = this.#options.watch(address, (frame) => this.#overhear(frame));
      this.#guarded = { address, [Symbol.dispose]: () => watch[Symbol.dispose]() };
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  /** Somebody says that he uses the address in use: the first time he is told whose it is. */
  #overhear(frame: Uint8Array): void {
    const [guarded, state, now] = [this.#guarded, this.#state, Date.now()];
    if (guarded === undefined || state === undefined) return;
    const { address, contestedAt = Number.NEGATIVE_INFINITY } = guarded;
    const mac = userOf(frame, address);
    if (mac === undefined || this.#options.isOwn(mac)) return;
    guarded.contestedAt = now;
    const isDefended = now - contestedAt >= DEFEND_INTERVAL;
    this.#options.onConflict({ address, mac }, isDefended ? 'defended' : 'given-up');
    if (!isDefended) this.#take(this.#machine.cease(state, now));
  }

  #schedule({ wakeAt }: State): void {
    clearTimeout(this.#timer);
    if (wakeAt === undefined) return;
    const delay = Math.min(LONGEST_TIMER, Math.max(0, wakeAt - Date.now()));
    // The engine does not stay for it.
    this.#timer = setTimeout(() => this.#wake(), delay).unref();
  }

  /** A timer may be early: it counts by another clock, and not as far. */
  #wake(): void {
    const { state, now } = { state: this.#state, now: Date.now() };
    if (state?.wakeAt === undefined || this.#ended) return;
    if (state.wakeAt > now) this.#schedule(state);
    else this.#take(this.#machine.wake(state, now));
  }

  #receive(frame: Uint8Array): void {
    if (this.#ended || this.#state === undefined) return;
    const step = this.#machine.receive(this.#state, frame, Date.now());
    if (step.state !== this.#state) this.#take(step);
  }
}

import type { HostLease } from './lease.ts';
import type { ClientState, Conflict, Machine, Step } from './machine.ts';

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
  /** Another machine uses what was given; the client asks for another one. */
  readonly onConflict: (conflict: Conflict) => void;
  /** The link could not be spoken on; the client tries again in its own time. */
  readonly onFault: (error: unknown) => void;
}

/** The longest that a timer of Node's takes. */
const LONGEST_TIMER = 0x7fff_ffff;

/** A client at work: it gives a {@link Machine} a clock and a link, which is open only while the client listens. */
export class LeaseSession<State extends ClientState> implements Disposable {
  readonly #machine: Machine<State>;
  readonly #options: SessionOptions;
  #state: State | undefined;
  #socket: LinkSocket | undefined;
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
  }

  #take({ state, frames, news, conflict }: Step<State>): void {
    if (this.#ended) return;
    this.#state = state;
    this.#speak(state, frames);
    this.#schedule(state);
    if (conflict !== undefined) this.#options.onConflict(conflict);
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

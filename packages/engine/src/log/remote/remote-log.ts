import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { OutputChunk } from '../../container/stream-port.ts';
import { LogClock } from '../log-time.ts';
import { type LogMessage, MessageStream } from './log-message.ts';

/** Bytes of messages that may wait for their receiver before the container has to. */
const highWater = 1 << 20;
/** Messages that may, however short they are. */
const mostWaiting = 8192;
/** Messages that are sent before anybody else has a turn. */
const mostAtOnce = 256;
/** Milliseconds that may take, for some take long to be made. */
const longestTurn = 2;
/** Milliseconds for which the last messages of a container are waited for. */
const lastPatience = 10_000;

/** Gets messages to where they are to go, one at a time. */
export interface Destination extends AsyncDisposable {
  /** Bytes of messages that may wait for it, beyond which new ones are dropped; absent means that the container waits. */
  readonly dropBeyond?: number;
  /** @throws Error in Docker's words when nobody is there who has to be. */
  connect(): Promise<void>;
  /** @returns a promise where sending takes time. @throws Error, also by the promise, when the message is lost. */
  send(message: LogMessage): undefined | Promise<void>;
}

/** How messages are handed on. */
export interface RemoteLogOptions {
  /** Bytes of messages beyond which new ones are dropped instead of the container being stopped; absent means never. */
  readonly dropBeyond?: number;
  /** Told when messages begin to get lost. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Sends what a container writes to another program, line by line and in order. A receiver that is slow makes the container
 * wait, or, with `mode=non-blocking`, loses what comes meanwhile. One that is gone is not waited for: what it does not take
 * is lost, as in Docker, and the log says so once.
 */
export class RemoteLog implements AsyncDisposable {
  readonly #destination: Destination;
  readonly #options: RemoteLogOptions;
  readonly #clock = new LogClock();
  readonly #streams: Readonly<Record<OutputChunk['stream'], MessageStream>>;
  #queue: LogMessage[] = [];
  /** Bytes in the queue. */
  #waiting = 0;
  #room: PromiseWithResolvers<void> | undefined;
  #pumping: Promise<void> | undefined;
  #isLosing = false;
  /** Nobody waits for what has not been sent by now. */
  #isAbandoned = false;
  #closing: Promise<void> | undefined;

  constructor(destination: Destination, options: RemoteLogOptions) {
    this.#destination = destination;
    this.#options = options;
    const take = (message: LogMessage) => this.#enqueue(message);
    this.#streams = { stdout: new MessageStream('stdout', take), stderr: new MessageStream('stderr', take) };
  }

  /** Take in output. @returns a promise while the receiver is behind; it never rejects. */
  write({ stream, data }: OutputChunk): undefined | Promise<void> {
    if (this.#closing !== undefined) return undefined;
    this.#streams[stream].write(data, this.#clock.now());
    this.#pump();
    if (!this.#isBehind() || this.#options.dropBeyond !== undefined) return undefined;
    this.#room ??= Promise.withResolvers<void>();
    return this.#room.promise;
  }

  /** Send what is left, within {@link lastPatience}, and let go. Never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #enqueue(message: LogMessage): void {
    const { dropBeyond } = this.#options;
    const isTooMuch = dropBeyond !== undefined && this.#waiting + message.line.length > dropBeyond;
    const isFull = dropBeyond !== undefined && this.#queue.length >= mostWaiting;
    if (message.line.length === 0 || isFull || (isTooMuch && this.#queue.length > 0)) return;
    this.#queue.push(message);
    this.#waiting += message.line.length;
  }

  #pump(): void {
    if (this.#queue.length === 0) return;
    this.#pumping ??= this.#sendAll().finally(() => {
      this.#pumping = undefined;
    });
  }

  async #sendAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, mostAtOnce);
      let deadline = performance.now() + longestTurn;
      for (const message of batch) {
        if (this.#isAbandoned) return;
        if (performance.now() > deadline) {
          await endOfTurn();
          deadline = performance.now() + longestTurn;
        }
        try {
          const pending = this.#destination.send(message);
          if (pending !== undefined) await pending;
          this.#isLosing = false;
        } catch (error) {
          this.#noteLoss(error);
        }
        this.#waiting -= message.line.length;
      }
      if (!this.#isBehind()) {
        this.#room?.resolve();
        this.#room = undefined;
      }
      await endOfTurn();
    }
  }

  #isBehind(): boolean {
    return this.#waiting >= highWater || this.#queue.length >= mostWaiting;
  }

  #noteLoss(error: unknown): void {
    if (!this.#isLosing) this.#options.onFailure(error);
    this.#isLosing = true;
  }

  async #finish(): Promise<void> {
    const time = this.#clock.now();
    for (const stream of Object.values(this.#streams)) stream.end(time);
    this.#pump();
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, lastPatience);
    await Promise.race([this.#sent(), late.promise]);
    clearTimeout(timer);
    this.#isAbandoned = true;
    this.#queue = [];
    this.#room?.resolve();
    try {
      await this.#destination[Symbol.asyncDispose]();
    } catch (error) {
      this.#noteLoss(error);
    }
  }

  async #sent(): Promise<void> {
    while (this.#pumping !== undefined) await this.#pumping;
  }
}

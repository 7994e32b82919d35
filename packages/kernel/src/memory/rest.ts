import { readFileSync } from 'node:fs';
import { handBackGarbage, handBackProgram } from './hand-back.ts';

/** Milliseconds between two looks. */
const PERIOD = 2000;
/** Share of a processor below which a process does nothing that anybody waits for. */
const IDLE = 0.02;
const mebibyte = 1024 * 1024;
/** Growth that is worth a collection, in which whoever comes just then waits: what some tens of requests leave. */
const GARBAGE = 2 * mebibyte;
/** Growth that is worth going through the mappings: what a single request needs of the program. */
const PROGRAM = 4 * mebibyte;

/** Bytes of a process in memory. */
export interface Resident {
  /** That it has written: its heaps and stacks. */
  readonly own: number;
  /** Of files: the program, libraries. */
  readonly files: number;
}

/** A look at a process. Times are milliseconds. */
export interface Look extends Resident {
  readonly time: number;
  /** Processor time of all its threads so far. */
  readonly processor: number;
}

/** True when a process has done nothing, or next to nothing, since the look before. */
export function isAtRest(now: Look, last: Look): boolean {
  return now.processor - last.processor < IDLE * (now.time - last.time);
}

/** What is worth handing back. */
export interface Spare {
  readonly garbage: boolean;
  readonly program: boolean;
}

/** What is worth handing back. @param kept what stayed the last time; nothing before the first. */
export function spareOf(now: Resident, kept: Resident): Spare {
  return { garbage: now.own - kept.own >= GARBAGE, program: now.files - kept.files >= PROGRAM };
}

/** What a process has to do with its rest. */
export interface RestSettings {
  /** Done once, when it first comes to rest: what somebody would else have to wait for later. */
  readonly prepare?: () => Promise<void>;
  /** Is told what failed. Nothing is handed back any more then. */
  readonly onError: (error: unknown) => void;
}

/**
 * Hand back what this process does not need at rest, whenever it comes to rest after it has grown: garbage, and the parts of the
 * program that nothing that happens at rest needs. Goes on to the end of the process, and keeps none alive.
 */
export function handBackAtRest(settings: RestSettings): void {
  new Rest(settings).await();
}

class Rest {
  readonly #onError: RestSettings['onError'];
  #prepare: RestSettings['prepare'];
  #last = look();
  #kept: Resident = { own: 0, files: 0 };

  constructor({ prepare, onError }: RestSettings) {
    this.#prepare = prepare;
    this.#onError = onError;
  }

  /** Look again in a while. */
  await(): void {
    setTimeout(() => this.#see().then(() => this.await(), this.#onError), PERIOD).unref();
  }

  async #see(): Promise<void> {
    const [now, last] = [look(), this.#last];
    this.#last = now;
    if (!isAtRest(now, last)) return;
    await this.#prepareOnce();
    const spare = spareOf(look(), this.#kept);
    if (!spare.garbage && !spare.program) return;
    if (spare.garbage) handBackGarbage();
    if (spare.program) handBackProgram();
    // What this took is no work that anybody waits for.
    this.#last = look();
    const { own, files } = this.#last;
    this.#kept = { own: spare.garbage ? own : this.#kept.own, files: spare.program ? files : this.#kept.files };
  }

  async #prepareOnce(): Promise<void> {
    const prepare = this.#prepare;
    this.#prepare = undefined;
    await prepare?.();
  }
}

function look(): Look {
  const { user, system } = process.cpuUsage();
  return {
    time: performance.now(),
    processor: (user + system) / 1000,
    ...residentIn(readFileSync('/proc/self/status', 'utf8')),
  };
}

/** @param status text of `/proc/PID/status` (proc(5)). */
export function residentIn(status: string): Resident {
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1024;
  return { own: bytes('RssAnon'), files: bytes('RssFile') };
}

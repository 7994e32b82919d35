import type { TranscriptEntry } from '@fairlead/netlink';
import { errnoOf } from '../system-call/errno-of.ts';
import type { Recorder } from './recorder.ts';

/** What is about to be done; time and outcome follow. */
export type Effect = TranscriptEntry extends infer Entry
  ? Entry extends TranscriptEntry
    ? Omit<Entry, 'microseconds' | 'errno'>
    : never
  : never;

/** Runs effects and tells the recorder how each went. */
export class EffectLog {
  readonly #recorder: Recorder;

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  /** Run a synchronous effect. */
  run<T>(effect: Effect, work: () => T): T {
    const start = performance.now();
    try {
      const result = work();
      this.#record(effect, start);
      return result;
    } catch (error) {
      this.#record(effect, start, error);
      throw error;
    }
  }

  /** Run an effect that goes on in the background. */
  async runAsync(effect: Effect, work: () => Promise<void>): Promise<void> {
    const start = performance.now();
    try {
      await work();
      this.#record(effect, start);
    } catch (error) {
      this.#record(effect, start, error);
      throw error;
    }
  }

  #record(effect: Effect, start: number, error?: unknown): void {
    const microseconds = Math.round((performance.now() - start) * 1000);
    const errno = error === undefined ? undefined : (errnoOf(error) ?? 'EIO');
    this.#recorder.record({ ...effect, microseconds, ...(errno === undefined ? {} : { errno }) });
  }
}

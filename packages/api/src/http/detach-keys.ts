import { FairleadError } from '@fairlead/base';

const controlKeys: Readonly<Record<string, number>> = { '@': 0, '[': 27, '\\': 28, ']': 29, '^': 30, _: 31 };

/** Keys that end an attachment and leave the process alone: Docker's `ctrl-p,ctrl-q` unless asked otherwise. */
export class DetachKeys {
  readonly #sequence: readonly number[];
  #held = 0;

  /** @throws FairleadError `invalid-argument` when `notation` names no keys. */
  constructor(notation = 'ctrl-p,ctrl-q') {
    this.#sequence = parseDetachKeys(notation);
  }

  /**
   * Look at what was typed. The beginning of the sequence is held back until it is clear whether the rest follows.
   *
   * @returns what goes to the process, and whether the sequence is complete.
   */
  pass(chunk: Uint8Array): { readonly data: Uint8Array; readonly detached: boolean } {
    const passed: number[] = [];
    for (const byte of chunk) {
      if (byte === this.#sequence[this.#held]) {
        this.#held++;
        if (this.#held === this.#sequence.length) return { data: Uint8Array.from(passed), detached: true };
        continue;
      }
      passed.push(...this.#sequence.slice(0, this.#held));
      this.#held = Number(byte === this.#sequence[0]);
      if (this.#held === 0) passed.push(byte);
    }
    return { data: Uint8Array.from(passed), detached: false };
  }
}

/**
 * Check keys before anything is attached.
 *
 * @param kind what Docker calls them there.
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function requireDetachKeys(notation: string, kind: 'detach' | 'escape'): void {
  try {
    parseDetachKeys(notation);
  } catch (cause) {
    throw new FairleadError('invalid-argument', `Invalid ${kind} keys (${notation}) provided`, { cause });
  }
}

/**
 * Parse `ctrl-p,ctrl-q` and the like: single characters, or `ctrl-` and a letter or one of `@[\]^_`.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function parseDetachKeys(notation: string): number[] {
  return notation.split(',').map((key) => {
    if (key.length === 1) return key.charCodeAt(0);
    const control = /^ctrl-([a-zA-Z@[\\\]^_])$/.exec(key)?.[1];
    if (control === undefined) throw new FairleadError('invalid-argument', `Unknown character: '${key}'`);
    return controlKeys[control] ?? control.toLowerCase().charCodeAt(0) - 96;
  });
}

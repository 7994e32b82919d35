import { type ClassicInstruction, FairleadError, classicOpcode as op } from '@fairlead/base';

/** Longest program that the kernel takes (BPF_MAXINSNS). */
const LONGEST = 4096;
/** Instructions that a comparison leads on by at most. */
const FARTHEST = 255;

/** Where a program goes on. */
export interface Label {
  at?: number;
}

interface Step {
  readonly code: number;
  readonly k: number;
  readonly then?: Label;
  readonly otherwise?: Label;
}

/** Puts a program of the classic packet filter together (Documentation/networking/filter.rst), with labels for jumps. */
export class FilterAssembler {
  readonly #steps: Step[] = [];

  emit(code: number, k: number): void {
    this.#steps.push({ code, k: k >>> 0 });
  }

  /** The next instruction is what a label means. */
  place(label: Label): void {
    label.at = this.#steps.length;
  }

  /** Compare what was loaded last, and go on at one label or at the other. */
  compare(code: number, k: number, then: Label, otherwise: Label): void {
    this.#steps.push({ code, k: k >>> 0, then, otherwise });
  }

  /** Go on at a label whatever was loaded last. */
  always(label: Label): void {
    this.compare(op.ifEqual, 0, label, label);
  }

  /** Test parts one after the other until it is clear whether all of them hold, or one of them. */
  each<T>(
    parts: readonly T[],
    kind: 'and' | 'or',
    test: (part: T, yes: Label, no: Label) => void,
    [yes, no]: readonly [Label, Label],
  ): void {
    for (const [index, part] of parts.entries()) {
      const next: Label = {};
      const isLast = index === parts.length - 1;
      if (kind === 'and') test(part, isLast ? yes : next, no);
      else test(part, yes, isLast ? no : next);
      if (!isLast) this.place(next);
    }
  }

  /** @throws FairleadError `invalid-argument` for a program that the kernel would not take. */
  finish(): ClassicInstruction[] {
    if (this.#steps.length > LONGEST) throw tooLong();
    return this.#steps.map(({ code, k, then, otherwise }, index) => {
      const distance = (label: Label | undefined) => (label?.at === undefined ? 0 : label.at - index - 1);
      const [jt, jf] = [distance(then), distance(otherwise)];
      if (jt > FARTHEST || jf > FARTHEST) throw tooLong();
      return { code, jt, jf, k };
    });
  }
}

function tooLong(): FairleadError {
  return new FairleadError('invalid-argument', 'the filter is too long');
}

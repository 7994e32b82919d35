/** How far something had come at some time. */
export interface Note {
  /** Of the monotonic clock. */
  readonly seconds: number;
  /** Seconds that its process had had of a processor by then. */
  readonly processor: number;
  /** What was done by then, in units of its own. */
  readonly count: number;
}

/** What was done between two times. */
export interface Share {
  /** Per second. */
  readonly rate: number;
  /** Seconds of the processor for each. */
  readonly cost: number;
}

/** Notes of `load/stream.pl`: a line of numbers, three for each. */
export function parseNotes(line: string): Note[] {
  const numbers = line.split(' ').map(Number);
  return Array.from({ length: Math.floor(numbers.length / 3) }, (_, index) => {
    const [seconds = 0, processor = 0, count = 0] = numbers.slice(index * 3, index * 3 + 3);
    return { seconds, processor, count };
  });
}

/**
 * What several did between two times of the monotonic clock, together.
 *
 * @throws RangeError when the notes of one do not reach so far, or nothing was done.
 */
export function shareBetween(progress: readonly (readonly Note[])[], from: number, to: number): Share {
  let done = 0;
  let processor = 0;
  for (const notes of progress) {
    const before = noteAt(notes, from);
    const after = noteAt(notes, to);
    done += after.count - before.count;
    processor += after.processor - before.processor;
  }
  if (done <= 0) throw new RangeError('nothing was done');
  return { rate: done / (to - from), cost: processor / done };
}

/** As if what was done between two notes had been done evenly. */
function noteAt(notes: readonly Note[], seconds: number): Note {
  const index = notes.findIndex((note) => note.seconds >= seconds);
  const after = notes[index];
  const before = notes[index - 1];
  if (after === undefined || before === undefined) throw new RangeError('there are no notes of that time');
  const part = (seconds - before.seconds) / (after.seconds - before.seconds);
  return {
    seconds,
    processor: before.processor + part * (after.processor - before.processor),
    count: before.count + part * (after.count - before.count),
  };
}

const billion = 1_000_000_000n;

/** RFC 3339 with nine digits of a second, UTC. Such texts sort as the times do. @param time ns since the epoch. */
export function formatLogTime(time: bigint): string {
  const whole = time / billion;
  return `${formatSecond(Number(whole))}.${String(time % billion).padStart(9, '0')}Z`;
}

/** Docker leaves out the zeros at the end; here every time has nine digits. */
export function fullLogTime(text: string): string {
  if (text.length === 30) return text;
  const [, second = text, fraction = ''] = /^(.{19})(?:\.(\d{1,9}))?Z$/.exec(text) ?? [];
  return `${second}.${fraction.padEnd(9, '0')}Z`;
}

function formatSecond(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19);
}

/** Clock of nanoseconds since the epoch: follows the wall clock, is finer than it, and does not step back. */
export class LogClock {
  #wall = 0n;
  #monotonic = 0n;
  #last = 0n;

  /** Nanoseconds since the epoch. */
  now(): bigint {
    const monotonic = process.hrtime.bigint();
    const wall = BigInt(Date.now()) * 1_000_000n;
    let time = this.#wall + (monotonic - this.#monotonic);
    const drift = time - wall;
    // The wall clock was set, or this is the first time.
    if (drift < -1_000_000n || drift > 2_000_000n) {
      this.#wall = wall;
      this.#monotonic = monotonic;
      time = wall;
    }
    if (time < this.#last && this.#last - time < billion) time = this.#last;
    this.#last = time;
    return time;
  }
}

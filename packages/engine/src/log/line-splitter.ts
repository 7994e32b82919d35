/**
 * Receives a piece of a line: `bytes` from `start` to `end`, without newline. `complete` tells that the line ends here.
 * The bytes are only good during the call.
 */
export type TakePiece = (bytes: Uint8Array, start: number, end: number, complete: boolean) => void;

/** Longest piece: Docker's (moby/daemon/logger/copier.go, `defaultBufSize`). */
export const longestPiece = 16 * 1024;

const newline = 10;

/**
 * Cuts a stream of bytes into lines, however the bytes arrive, and lines into pieces of at most 16 KiB.
 *
 * Docker cuts through the middle of a character; here the character goes to the next piece, whole.
 */
export class LineSplitter {
  readonly #take: TakePiece;
  #carried: Uint8Array | undefined;
  #length = 0;

  constructor(take: TakePiece) {
    this.#take = take;
  }

  /** Take in what arrived. */
  push(data: Uint8Array): void {
    let position = 0;
    while (position < data.length) {
      const found = data.indexOf(newline, position);
      const end = found < 0 ? data.length : found;
      position = this.#fill(data, position, end);
      if (this.#length === 0) position = this.#takeFull(data, position, end);
      if (found < 0) {
        if (position < end) this.#carry(data, position, end);
        return;
      }
      if (this.#length > 0) this.#takeCarried(true);
      else this.#take(data, position, end, true);
      position = found + 1;
    }
  }

  /** True while something waits for the end of its line. */
  get isUnfinished(): boolean {
    return this.#length > 0;
  }

  /** A copy of what waits for the end of its line. */
  rest(): Uint8Array {
    return this.#carried?.slice(0, this.#length) ?? new Uint8Array(0);
  }

  /** The stream has ended: what is left is a line without newline. */
  end(): void {
    if (this.#length > 0) this.#takeCarried(false);
    this.#carried = undefined;
  }

  /** Put more of a line to what is carried of it, and take it whenever that is full. */
  #fill(data: Uint8Array, start: number, end: number): number {
    let position = start;
    while (this.#length > 0 && position < end) {
      const next = Math.min(end, position + longestPiece - this.#length);
      this.#carry(data, position, next);
      position = next;
      if (this.#length === longestPiece) this.#takeFullCarried();
    }
    return position;
  }

  /** Take full pieces straight out of what arrived. */
  #takeFull(data: Uint8Array, start: number, end: number): number {
    let position = start;
    while (end - position >= longestPiece) {
      const cut = characterBoundary(data, position + longestPiece);
      this.#take(data, position, cut, false);
      position = cut;
    }
    return position;
  }

  #carry(data: Uint8Array, start: number, end: number): void {
    this.#carried ??= new Uint8Array(longestPiece);
    this.#carried.set(data.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  #takeCarried(complete: boolean): void {
    const length = this.#length;
    this.#length = 0;
    if (this.#carried !== undefined) this.#take(this.#carried, 0, length, complete);
  }

  #takeFullCarried(): void {
    if (this.#carried === undefined) return;
    const cut = characterBoundary(this.#carried, longestPiece);
    this.#take(this.#carried, 0, cut, false);
    this.#carried.copyWithin(0, cut, longestPiece);
    this.#length = longestPiece - cut;
  }
}

/** `end`, or up to three bytes before it when a UTF-8 character would be cut there. */
function characterBoundary(bytes: Uint8Array, end: number): number {
  for (let back = 1; back <= 3; back++) {
    const byte = bytes[end - back] ?? 0;
    if (byte < 0x80) return end;
    if (byte >= 0xc0) return characterLength(byte) > back ? end - back : end;
  }
  return end;
}

function characterLength(lead: number): number {
  if (lead >= 0xf0) return 4;
  return lead >= 0xe0 ? 3 : 2;
}

/** Cuts a stream of UTF-8 text into lines. */
export class LineReader {
  readonly #decoder = new TextDecoder();
  #rest = '';

  /** The lines that `chunk` completes, without their ends. */
  push(chunk: Uint8Array): string[] {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines;
  }
}

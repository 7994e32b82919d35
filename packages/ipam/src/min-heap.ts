/** A binary min-heap of integers: push and pop in O(log n). */
export class MinHeap {
  readonly #values: bigint[] = [];

  /** Put a value in. */
  push(value: bigint): void {
    const values = this.#values;
    let index = values.length;
    values.push(value);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = values[parent] ?? value;
      if (above <= value) break;
      values[index] = above;
      index = parent;
    }
    values[index] = value;
  }

  /** Take the least value out; `undefined` when empty. */
  pop(): bigint | undefined {
    const least = this.#values[0];
    const last = this.#values.pop();
    if (last !== undefined && this.#values.length > 0) this.#sink(last);
    return least;
  }

  #sink(value: bigint): void {
    const values = this.#values;
    let index = 0;
    for (;;) {
      const child = this.#lesserChild(index);
      const below = values[child];
      if (below === undefined || below >= value) break;
      values[index] = below;
      index = child;
    }
    values[index] = value;
  }

  #lesserChild(index: number): number {
    const left = 2 * index + 1;
    const [a, b] = [this.#values[left], this.#values[left + 1]];
    return a !== undefined && b !== undefined && b < a ? left + 1 : left;
  }
}

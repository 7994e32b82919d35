/** A document that can be stored: plain JSON with an identity. */
export interface Stored {
  readonly id: string;
}

/** Where a collection writes through to. */
export interface Disk<T extends Stored> {
  put(document: T): void;
  delete(id: string): void;
}

/** Documents of one kind: read from memory, written through to disk before the call returns. */
export class Collection<T extends Stored> implements Iterable<T> {
  readonly #documents: Map<string, T>;
  readonly #disk: Disk<T>;
  #journal: { readonly id: string; readonly before: T | undefined }[] | undefined;

  constructor(documents: Iterable<T>, disk: Disk<T>) {
    this.#documents = new Map(Iterator.from(documents).map((document) => [document.id, document]));
    this.#disk = disk;
  }

  /** Number of documents. */
  get size(): number {
    return this.#documents.size;
  }

  get(id: string): T | undefined {
    return this.#documents.get(id);
  }

  /** Insert or replace; returns the document. */
  put(document: T): T {
    this.#disk.put(document);
    this.#remember(document.id);
    this.#documents.set(document.id, document);
    return document;
  }

  /** Remove; harmless when there is none. */
  delete(id: string): void {
    if (!this.#documents.has(id)) return;
    this.#disk.delete(id);
    this.#remember(id);
    this.#documents.delete(id);
  }

  /** In order of insertion. */
  [Symbol.iterator](): MapIterator<T> {
    return this.#documents.values();
  }

  /** Start remembering what changes, until {@link commit} or {@link rollBack}. */
  begin(): void {
    this.#journal = [];
  }

  /** Forget what was remembered: the changes stand. */
  commit(): void {
    this.#journal = undefined;
  }

  /** Take the remembered changes back in memory; the disk rolls back itself. */
  rollBack(): void {
    for (const { id, before } of this.#journal?.reverse() ?? []) {
      if (before === undefined) this.#documents.delete(id);
      else this.#documents.set(id, before);
    }
    this.#journal = undefined;
  }

  #remember(id: string): void {
    this.#journal?.push({ id, before: this.#documents.get(id) });
  }
}

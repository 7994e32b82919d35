import { isIdentifierPrefix } from '@fairlead/base';
import type { Descriptor } from '@fairlead/runtime';

/** What one name stands for. */
export interface NamedImage {
  /** Image ID: `sha256:` and the digest of the config. */
  readonly id: string;
  /** Manifest, or the index that it was chosen from. */
  readonly target: Descriptor;
  /** When it was given the name, in milliseconds since the epoch. */
  readonly since?: number;
}

/**
 * The local images and their names: Docker's reference store, as a value without I/O.
 *
 * A name is the canonical text of a tag or digest reference; an image can be there without any ("dangling").
 */
export class ImageTable {
  readonly #names = new Map<string, NamedImage>();
  readonly #images = new Map<string, { target: Descriptor; parent: string; readonly names: Set<string> }>();

  /** Ids of all images. */
  get ids(): string[] {
    return [...this.#images.keys()];
  }

  /**
   * Take in an image, or give one that is known another manifest with the same config.
   *
   * @param parent ID of the image that it was built on; '' leaves what is known.
   */
  add(id: string, target: Descriptor, parent = ''): void {
    const known = this.#images.get(id);
    if (known === undefined) this.#images.set(id, { target, parent, names: new Set() });
    else {
      known.target = target;
      known.parent = parent || known.parent;
    }
  }

  /** ID of the image that this one was built on here; '' when it was not, or when that has gone. */
  parentOf(id: string): string {
    const parent = this.#images.get(id)?.parent ?? '';
    return this.#images.has(parent) ? parent : '';
  }

  /** IDs of the images that were built on this one. */
  childrenOf(id: string): string[] {
    return [...this.#images].flatMap(([child, { parent }]) => (parent === id ? [child] : []));
  }

  /** IDs of the images that this one was built on, step by step, the nearest first. */
  ancestorsOf(id: string): string[] {
    const ancestors: string[] = [];
    for (let parent = this.parentOf(id); parent !== ''; parent = this.parentOf(parent)) ancestors.push(parent);
    return ancestors;
  }

  /** Let a name stand for an image; it no longer stands for the one before. */
  name(name: string, image: NamedImage): void {
    this.unname(name);
    if (!this.#images.has(image.id)) this.add(image.id, image.target);
    this.#names.set(name, image);
    this.#images.get(image.id)?.names.add(name);
  }

  /** Take a name away; the image stays. */
  unname(name: string): void {
    const image = this.#names.get(name);
    if (image === undefined) return;
    this.#names.delete(name);
    this.#images.get(image.id)?.names.delete(name);
  }

  /** Take an image away, with its names. */
  remove(id: string): void {
    for (const name of this.namesOf(id)) this.#names.delete(name);
    this.#images.delete(id);
  }

  /** What a canonical name stands for. */
  named(name: string): NamedImage | undefined {
    return this.#names.get(name);
  }

  /** The image with this full id. */
  image(id: string): NamedImage | undefined {
    const image = this.#images.get(id);
    return image && { id, target: image.target };
  }

  /** Canonical names of an image, sorted. */
  namesOf(id: string): string[] {
    return [...(this.#images.get(id)?.names ?? [])].sort();
  }

  /** When an image was given a name last that it still has, in milliseconds since the epoch. */
  lastNamed(id: string): number | undefined {
    const times = this.namesOf(id).flatMap((name) => this.#names.get(name)?.since ?? []);
    return times.length === 0 ? undefined : Math.max(...times);
  }

  /** The one image whose id begins so, with or without `sha256:`; `undefined` when there are none or several. */
  search(text: string): string | undefined {
    const digits = text.startsWith('sha256:') ? text.slice('sha256:'.length) : text;
    if (digits === '' || !isIdentifierPrefix(digits)) return undefined;
    const found = this.ids.filter((id) => id.startsWith(`sha256:${digits}`));
    return found.length === 1 ? found[0] : undefined;
  }
}

import { closeSync, constants, fstatSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import { FairleadError, messageOf, newIdentifier, shortIdentifier } from '@fairlead/base';
import type { FileSystems } from '../context.ts';
import type { PlacedView } from './image-view.ts';
import type { ContainerMount } from './volume-model.ts';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;

/** What {@link VolumeSources} works with. */
export interface SourceParts {
  /** Where the content of a volume is. */
  readonly mountpoint: (name: string) => string;
  /** Where parts of volumes are bound. */
  readonly folder: string;
  readonly fileSystems: FileSystems;
}

/**
 * Where the runtime finds what a container mounts of its volumes. A part of a volume is opened step by step and bound to
 * a place of its own: whoever else has the volume could put a link in its way before the runtime looks.
 */
export class VolumeSources implements Disposable {
  readonly #parts: SourceParts;
  readonly #bound: string[] = [];
  readonly #views = new DisposableStack();
  readonly #byTarget = new Map<string, string>();

  constructor(parts: SourceParts) {
    this.#parts = parts;
  }

  /** @throws FairleadError `not-found` in Docker's words when a volume has no such part. */
  async add({ target, volumeName, volume }: ContainerMount): Promise<void> {
    if (volumeName === undefined) return;
    const root = this.#parts.mountpoint(volumeName);
    this.#byTarget.set(target, volume?.subpath ? await this.#bindPart(root, volume.subpath) : root);
  }

  /** A mounted image, which goes with this. */
  addView({ target }: ContainerMount, view: PlacedView): void {
    this.#byTarget.set(target, this.#views.use(view).path);
  }

  /** Path for the runtime; good until this is disposed of. */
  of({ target, source }: ContainerMount): string {
    return this.#byTarget.get(target) ?? source;
  }

  /** What the runtime has mounted by now stays mounted in the container. */
  [Symbol.dispose](): void {
    for (const place of this.#bound.splice(0)) {
      this.#parts.fileSystems.unmount(place);
      rmSync(place, { recursive: true, force: true });
    }
    this.#views.dispose();
  }

  async #bindPart(root: string, subpath: string): Promise<string> {
    const descriptor = openPart(root, subpath);
    try {
      const place = join(this.#parts.folder, shortIdentifier(newIdentifier()));
      mkdirSync(this.#parts.folder, { recursive: true, mode: 0o700 });
      if (fstatSync(descriptor).isDirectory()) mkdirSync(place);
      else writeFileSync(place, '');
      this.#bound.push(place);
      const source = `/proc/self/fd/${descriptor}`;
      await this.#parts.fileSystems.mount({ source, target: place, type: 'none', options: 'bind' });
      return place;
    } finally {
      closeSync(descriptor);
    }
  }
}

/** @returns a descriptor that the caller closes. */
function openPart(root: string, subpath: string): number {
  const steps = subpath.split('/').filter((step) => step !== '' && step !== '.');
  let descriptor = openSync(root, O_RDONLY | O_DIRECTORY);
  for (const [index, step] of steps.entries()) {
    const directory = descriptor;
    try {
      // O_NONBLOCK: opening a pipe would wait for a writer.
      const kind = index === steps.length - 1 ? O_NONBLOCK : O_DIRECTORY;
      descriptor = openSync(`/proc/self/fd/${directory}/${step}`, O_RDONLY | O_NOFOLLOW | kind);
    } catch (error) {
      const message = `cannot access path ${join(root, subpath)}: ${reasonOf(error)}`;
      throw new FairleadError('not-found', message, { cause: error });
    } finally {
      closeSync(directory);
    }
  }
  return descriptor;
}

function reasonOf(error: unknown): string {
  const number = error instanceof Error && 'errno' in error ? error.errno : undefined;
  return typeof number === 'number' ? getSystemErrorMessage(number) : messageOf(error);
}

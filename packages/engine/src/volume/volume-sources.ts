import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import { FairleadError, messageOf } from '@fairlead/base';
import type { ContainerMount } from '../model.ts';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;

/**
 * Where the runtime finds what a container mounts of its volumes. A part of a volume is opened and named by its
 * descriptor: whoever else has the volume could put a link in its place before the runtime looks.
 */
export class VolumeSources implements Disposable {
  readonly #mountpoint: (name: string) => string;
  readonly #open: number[] = [];
  readonly #byTarget = new Map<string, string>();

  constructor(mountpoint: (name: string) => string) {
    this.#mountpoint = mountpoint;
  }

  /** @throws FairleadError `not-found` in Docker's words when a volume has no such part. */
  add({ target, volumeName, volume }: ContainerMount): void {
    if (volumeName === undefined) return;
    const root = this.#mountpoint(volumeName);
    this.#byTarget.set(target, volume?.subpath ? this.#openPart(root, volume.subpath) : root);
  }

  /** Path for the runtime; good until this is disposed of. */
  of({ target, source }: ContainerMount): string {
    return this.#byTarget.get(target) ?? source;
  }

  [Symbol.dispose](): void {
    for (const descriptor of this.#open.splice(0)) closeSync(descriptor);
  }

  #openPart(root: string, subpath: string): string {
    const steps = subpath.split('/').filter((step) => step !== '' && step !== '.');
    let directory = root;
    let descriptor = 0;
    for (const [index, step] of steps.entries()) {
      const isLast = index === steps.length - 1;
      descriptor = this.#openStep(join(directory, step), isLast ? 0 : O_DIRECTORY, join(root, subpath));
      directory = `/proc/self/fd/${descriptor}`;
    }
    return steps.length === 0 ? root : `/proc/${process.pid}/fd/${descriptor}`;
  }

  #openStep(path: string, flag: number, asked: string): number {
    try {
      // O_NONBLOCK: opening a pipe would wait for a writer.
      const descriptor = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | flag);
      this.#open.push(descriptor);
      return descriptor;
    } catch (error) {
      throw new FairleadError('not-found', `cannot access path ${asked}: ${reasonOf(error)}`, { cause: error });
    }
  }
}

function reasonOf(error: unknown): string {
  const number = error instanceof Error && 'errno' in error ? error.errno : undefined;
  return typeof number === 'number' ? getSystemErrorMessage(number) : messageOf(error);
}

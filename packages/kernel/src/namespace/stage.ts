import { closeSync, openSync } from 'node:fs';
import type { NamespaceName } from '@fairlead/netlink';
import { SystemCallError } from '../system-call/system-call-error.ts';
import { enterScratchNamespace, type NamespacePlaces } from './namespace.ts';

/**
 * Namespaces to try things in: the kernel's own, under the names of the real ones, the host's included, but nobody finds
 * them by those names, and they end with the stage or with the process.
 *
 * @example
 * using stage = new Stage();
 * using kernel = new Kernel(new Recorder(), stage);
 * await kernel.apply([{ action: 'add', object: { kind: 'namespace', namespace: '' } }]);
 */
export class Stage implements NamespacePlaces, Disposable {
  readonly #descriptors = new Map<NamespaceName, number>();

  path(name: NamespaceName): string {
    return `/proc/self/fd/${this.#descriptors.get(name) ?? `no namespace ${name}`}`;
  }

  create<T>(name: NamespaceName, inside: () => T): T {
    if (this.#descriptors.has(name)) throw new SystemCallError('unshare', 'EEXIST');
    return enterScratchNamespace(() => {
      this.#descriptors.set(name, openSync('/proc/thread-self/ns/net', 'r'));
      return inside();
    });
  }

  remove(name: NamespaceName): void {
    const descriptor = this.#descriptors.get(name);
    if (descriptor !== undefined) closeSync(descriptor);
    this.#descriptors.delete(name);
  }

  names(): readonly NamespaceName[] {
    return [...this.#descriptors.keys()].filter((name) => name !== '');
  }

  [Symbol.dispose](): void {
    for (const name of [...this.#descriptors.keys()]) this.remove(name);
  }
}

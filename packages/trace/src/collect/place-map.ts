import { readdirSync, statSync } from 'node:fs';
import { listNamespaces, namespacePath } from '@fairlead/kernel';
import type { NamespaceName } from '@fairlead/netlink';
import type { Directory } from '../model/directory.ts';

/** Which namespace has which number, and what the place is called. */
export class PlaceMap {
  readonly #names = new Map<number, string>();
  readonly #namespaces = new Map<number, NamespaceName>();
  #ofProcesses: ReadonlySet<number> | undefined;

  /**
   * Looks at all pinned namespaces as they are now.
   *
   * @param host path of a namespace that stands for the host's: it is alone then.
   */
  constructor(directory: Directory, host?: string) {
    for (const namespace of host === undefined ? ['', ...listNamespaces()] : ['']) {
      const inode = host === undefined ? inodeOf(namespace) : statSync(host).ino;
      if (inode === undefined) continue;
      this.#namespaces.set(inode, namespace);
      this.#names.set(inode, namespace === '' ? 'host' : placeName(directory, namespace));
    }
  }

  /** `web`, `host`, or the number of a namespace that has no name. */
  nameOf(inode: number): string {
    if (inode === 0) return 'nowhere';
    return this.#names.get(inode) ?? `namespace ${inode}`;
  }

  /** The pinned namespace of a number. */
  namespaceOf(inode: number): NamespaceName | undefined {
    return this.#namespaces.get(inode);
  }

  /** Numbers of all pinned namespaces and the host's. */
  namespaces(): Iterable<number> {
    return this.#namespaces.keys();
  }

  /** Names of the same. */
  namespaceNames(): Iterable<NamespaceName> {
    return this.#namespaces.values();
  }

  /** True for a namespace that has a name, or a process that we can see: another one is like another machine. */
  isHere(inode: number): boolean {
    if (inode === 0 || this.#names.has(inode)) return true;
    this.#ofProcesses ??= namespacesOfProcesses();
    return this.#ofProcesses.has(inode);
  }

  /** The number of a namespace; 0 when it is gone. */
  inodeOf(namespace: NamespaceName): number {
    for (const [inode, name] of this.#namespaces) if (name === namespace) return inode;
    return inodeOf(namespace) ?? 0;
  }
}

/** Containers that share a namespace are all in one place. */
function placeName(directory: Directory, namespace: NamespaceName): string {
  const names = directory.containers.filter((container) => container.namespace === namespace).map(({ name }) => name);
  return names.length === 0 ? namespace : names.join('+');
}

/** The number of a namespace; `undefined` when it is gone. */
export function inodeOf(namespace: NamespaceName): number | undefined {
  return statSync(namespacePath(namespace), { throwIfNoEntry: false })?.ino;
}

function namespacesOfProcesses(): Set<number> {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return new Set(pids.flatMap((pid) => statSync(`/proc/${pid}/ns/net`, { throwIfNoEntry: false })?.ino ?? []));
}

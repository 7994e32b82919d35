import { listNamespaces, namespaceInode, namespacePath, namespacesOfProcesses, OpenNamespace } from '@fairlead/kernel';
import { decodeAddress, decodeNamespaceId, dumpAddressesMessage, getNamespaceIdMessage } from '@fairlead/netlink';
import type { AddressState, ForeignNamespace, LinkState } from '../model/host-observation.ts';
import { processOf } from './process-of.ts';

/** A namespace that is not ours, and a way into it. */
interface Candidate {
  readonly inode: number;
  readonly path: string;
  readonly name?: string;
  readonly pid?: number;
}

/** Finds the network namespaces of this machine that are not the engine's, by their pins and their processes. */
export class ForeignNamespaces implements Disposable {
  readonly #host: OpenNamespace;
  /** By number of the namespace. */
  readonly #open = new Map<number, OpenNamespace>();

  constructor(host: OpenNamespace) {
    this.#host = host;
  }

  /** All that have an interface of their own. What is being made or taken apart by the engine, `fl-...`, is left out. */
  observe(own: readonly string[]): ForeignNamespace[] {
    const ours = new Set(['', ...own, ...listNamespaces().filter(isOurs)].map(namespaceInode));
    const candidates = findCandidates().filter(({ inode }) => !ours.has(inode));
    this.#closeAllBut(new Set(candidates.map(({ inode }) => inode)));
    return candidates.flatMap((candidate) => this.#look(candidate) ?? []);
  }

  #look({ inode, path, name, pid }: Candidate): ForeignNamespace | undefined {
    try {
      const open = this.#open.get(inode) ?? new OpenNamespace('', path);
      this.#open.set(inode, open);
      const links = open.links();
      if (links.every((link) => link.name === 'lo')) return undefined;
      const id = this.#idOf(open);
      return {
        links,
        addresses: addressesOf(open, links),
        ...(id !== undefined && { id }),
        ...(name !== undefined && { name }),
        ...(pid !== undefined && { process: processOf(pid) }),
      };
    } catch {
      // It ended meanwhile.
      return undefined;
    }
  }

  /** Links of the host name the other end's namespace by a number; it has none where no link leads to it. */
  #idOf({ descriptor }: OpenNamespace): number | undefined {
    const [answer] = this.#host.route.execute('find id of a namespace', getNamespaceIdMessage(descriptor));
    return answer && decodeNamespaceId(answer);
  }

  #closeAllBut(wanted: ReadonlySet<number>): void {
    for (const [inode, open] of this.#open) {
      if (wanted.has(inode)) continue;
      this.#open.delete(inode);
      open[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    this.#closeAllBut(new Set());
  }
}

function isOurs(name: string): boolean {
  return name.startsWith('fl-');
}

function findCandidates(): Candidate[] {
  const processes = new Map(namespacesOfProcesses().map(({ inode, pid }) => [inode, pid]));
  const pinned = listNamespaces().flatMap((name): Candidate[] => {
    const inode = namespaceInode(name);
    if (inode === undefined) return [];
    const pid = processes.get(inode);
    processes.delete(inode);
    return [{ inode, path: namespacePath(name), name, ...(pid !== undefined && { pid }) }];
  });
  return [...pinned, ...[...processes].map(([inode, pid]) => ({ inode, pid, path: `/proc/${pid}/ns/net` }))];
}

function addressesOf(open: OpenNamespace, links: readonly LinkState[]): AddressState[] {
  const names = new Map(links.map(({ index, name }) => [index, name]));
  const lookup = { linkName: (index: number) => names.get(index) };
  return open.route.execute('list addresses', dumpAddressesMessage()).flatMap((message) => {
    const address = decodeAddress(message, '', lookup);
    return address === undefined ? [] : [{ link: address.link, address: address.address }];
  });
}

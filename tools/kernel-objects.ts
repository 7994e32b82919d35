import { Kernel, Recorder } from '../packages/kernel/src/index.ts';
import type { KernelObject } from '../packages/netlink/src/index.ts';

/** What a kernel holds. */
export interface KernelContents {
  readonly objects: readonly KernelObject[];
  /** Cables from the host into other namespaces, by the name of the end in the host. */
  readonly cables: readonly { readonly outer: string; readonly namespace: string; readonly inner: string }[];
}

/** Of the network of this process, whose name is '', and of every pinned one. */
function kernelContents(): KernelContents {
  using kernel = new Kernel(new Recorder());
  const namespaces = kernel.namespaces();
  const kinds = ['link', 'address', 'route', 'qdisc', 'table', 'element'] as const;
  const outer = new Map(kernel.links('').map((link) => [link.index, link]));
  return {
    objects: ['', ...namespaces].flatMap((namespace) => kernel.observe(namespace, kinds)),
    cables: namespaces.flatMap((namespace) =>
      kernel.links(namespace).flatMap(({ kind, name, parentIndex = 0, index }) => {
        const end = outer.get(parentIndex);
        const isCable = kind === 'veth' && end?.kind === 'veth' && end.parentIndex === index;
        return isCable ? [{ outer: end.name, namespace, inner: name }] : [];
      }),
    ),
  };
}

if (import.meta.main) process.stdout.write(JSON.stringify(kernelContents()));

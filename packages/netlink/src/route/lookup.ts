import type { NamespaceName } from '../object/kernel-object.ts';

/** Numbers for names, as they are at the moment a message is made. */
export interface NumberLookup {
  /** Index of a link. Throws when there is none of that name. */
  linkIndex(namespace: NamespaceName, name: string): number;
  /** An index that no link has, in any namespace. */
  newLinkIndex(): number;
  /** An open descriptor of a namespace, valid until the message was sent. */
  namespaceDescriptor(namespace: NamespaceName): number;
}

/** Names for numbers, to read what the kernel says. */
export interface NameLookup {
  /** Name of the link with this index, `undefined` when it is gone by now. */
  linkName(index: number): string | undefined;
  /** Namespace and name of a link in another namespace, by that namespace's id (IFLA_LINK_NETNSID). */
  foreignLink?(
    namespaceId: number,
    index: number,
  ): { readonly namespace: NamespaceName; readonly name: string } | undefined;
}

/**
 * Netlink as bytes and values; no system calls.
 *
 * @module
 */
export { type ErrnoName, errnoName, errnoNumber, errnoText } from './errno.ts';
export type {
  ChainDefinition,
  Comparand,
  FieldType,
  RuleDefinition,
  Selector,
  SetDefinition,
  Statement,
  TableDefinition,
  TableFamily,
} from './nftables/definition.ts';
export {
  type AddressObject,
  type Change,
  type ElementObject,
  type FdbObject,
  identityOf,
  type KernelObject,
  type LinkObject,
  type LinkType,
  type NamespaceName,
  type NamespaceObject,
  type NeighborObject,
  type RouteObject,
  type RuleObject,
  type SysctlObject,
  type TableObject,
  type VethType,
} from './object/kernel-object.ts';

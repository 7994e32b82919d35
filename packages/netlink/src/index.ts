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
  HookDefinition,
  HookName,
  RuleDefinition,
  Selector,
  SetDefinition,
  Statement,
  TableDefinition,
  TableFamily,
  TranslationStatement,
  WritableField,
} from './nftables/definition.ts';
export { formatRule, formatStatement } from './nftables/statement-text.ts';
export { formatTable } from './nftables/table-text.ts';
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

import { type Logger, settleAll } from '@fairlead/base';
import { isOwnAlias } from '@fairlead/drivers';
import { type Change, identityOf, type KernelObject, type TableDefinition } from '@fairlead/netlink';
import { diff } from './diff.ts';
import { hasNames } from './dns-names.ts';
import type { KernelPort } from './kernel-port.ts';
import type { Sandbox } from './model.ts';
import type { NameRecords } from './name-records.ts';
import type { NameServicePort } from './name-service-port.ts';
import type { PortBook } from './port-book.ts';
import type { NetworkState } from './state.ts';

/** What reconciliation works with. */
export interface ReconcileContext {
  readonly state: NetworkState;
  readonly kernel: KernelPort;
  readonly names: NameServicePort;
  readonly records: NameRecords;
  readonly ports: PortBook;
  readonly namespacePrefix: string;
  readonly hostTable: TableDefinition;
  readonly logger: Logger;
}

/**
 * Bring kernel and name service to what the store says: after a crash, after a reboot, after somebody else's firewall
 * reload. What is right already is not touched, so traffic that flows goes on.
 *
 * @returns the changes that were needed in the kernel.
 */
export async function reconcile(context: ReconcileContext): Promise<readonly Change[]> {
  const { kernel, logger } = context;
  const changes = kernelChanges(context);
  if (changes.length > 0) logger.info('kernel state repaired', { changes: changes.length });
  await kernel.apply(changes);
  await reconcileNames(context);
  return changes;
}

/** What reconciliation would change in the kernel. */
export function kernelChanges(context: ReconcileContext): Change[] {
  const { state, kernel, namespacePrefix, hostTable } = context;
  const desired: KernelObject[] = [{ kind: 'table', namespace: '', definition: hostTable }, ...state.desired()];
  const pinned = new Set(kernel.namespaces());
  const wanted = new Set(desired.map((object) => object.namespace));
  const observed = [...ownHostObjects(kernel.observe(''), desired)];
  for (const namespace of pinned) {
    if (wanted.has(namespace)) observed.push({ kind: 'namespace', namespace }, ...known(kernel.observe(namespace), desired));
    else if (namespace.startsWith(namespacePrefix)) observed.push({ kind: 'namespace', namespace });
  }
  return diff(desired, observed);
}

/**
 * Of what the host holds, the part that may be taken away or put right: links that say they are ours and what is on
 * them, our tables, and whatever is wanted anyway.
 */
function ownHostObjects(observed: readonly KernelObject[], desired: readonly KernelObject[]): KernelObject[] {
  const wanted = new Set(desired.map(identityOf));
  const own = new Set(observed.flatMap((object) => (object.kind === 'link' && isOwnAlias(object.alias) ? [object.name] : [])));
  return observed.filter((object) => {
    if (wanted.has(identityOf(object))) return true;
    if (object.kind === 'link') return own.has(object.name);
    if (object.kind === 'address') return own.has(object.link) && !isLinkLocal(object.address);
    return object.kind === 'element';
  });
}

/** In a container's namespace everything that nobody asked for is the container's own business. */
function known(observed: readonly KernelObject[], desired: readonly KernelObject[]): KernelObject[] {
  const wanted = new Set(desired.map(identityOf));
  return observed.filter((object) => wanted.has(identityOf(object)));
}

function isLinkLocal(address: string): boolean {
  return address.startsWith('fe80:');
}

async function reconcileNames(context: ReconcileContext): Promise<void> {
  const { state, names } = context;
  const served = await names.list();
  const networks = [...state.networks].filter(hasNames);
  await Promise.all(networks.map(({ id, name }) => names.setNetwork({ id, name })));
  await Promise.all([...state.sandboxes].map((sandbox) => reconcileSandbox(context, sandbox, served.portOwners)));
  const endpoints = new Set([...state.sandboxes].flatMap(({ id }) => state.endpoints.inSandbox(id).map((endpoint) => endpoint.id)));
  const known = new Set(networks.map(({ id }) => id));
  await settleAll([
    ...served.endpoints.filter((id) => !endpoints.has(id)).map((id) => () => names.removeEndpoint(id)),
    ...served.sandboxes.filter((id) => !state.sandboxes.get(id)).map((id) => () => names.closeSandbox(id)),
    ...served.portOwners.filter((id) => !state.sandboxes.get(id)).map((id) => () => names.releasePorts(id)),
    ...served.networks.filter((id) => !known.has(id)).map((id) => () => names.removeNetwork(id)),
  ]);
}

/** A name service that was lost answers on other ports now, and its sandbox has to be told. */
async function reconcileSandbox(context: ReconcileContext, sandbox: Sandbox, owners: readonly string[]): Promise<void> {
  const { state, kernel, records, ports } = context;
  const joined = state.joined(sandbox.id);
  const before = state.fragment(sandbox);
  const resolver = await records.serve(sandbox, joined);
  if (resolver && (resolver.udpPort !== sandbox.resolver?.udpPort || resolver.tcpPort !== sandbox.resolver.tcpPort)) {
    await kernel.apply(diff(state.fragment(state.sandboxes.put({ ...sandbox, resolver })), before));
  }
  await records.publish(joined);
  if (sandbox.mappings.length > 0 && !owners.includes(sandbox.id)) await ports.restore(sandbox);
}

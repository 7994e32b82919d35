import { setImmediate as endOfTurn } from 'node:timers/promises';
import { KeyedMutex } from '@fairlead/base';
import { sysctlName } from '@fairlead/drivers';
import { type Change, identityOf, type KernelObject, type TableDefinition } from '@fairlead/netlink';
import { withoutShared } from '../bridge/shared-bridges.ts';
import { clientsFirst } from '../clients-first.ts';
import type { Sandbox } from '../model.ts';
import { reconcileNames } from '../name/reconcile-names.ts';
import { lostRoutes } from '../route/connected-routes.ts';
import { keepRouterAdvertisements } from '../route/router-advertisements.ts';
import { askerFragment } from '../service/asker-fragment.ts';
import { diff, removals } from './diff.ts';
import { giveBackForwarding, noteForwarding } from './host-forwarding.ts';
import { isSharedTable, observeHost, observeInside, observeOwn } from './observation.ts';
import { attempt, type ReconcileContext } from './reconcile-context.ts';
import { applyThoroughly } from './thorough-apply.ts';

/** What a reconciliation has done, and what is left of it. */
export interface Reconciliation {
  /** The changes that the host's namespace needed. */
  readonly changes: readonly Change[];
  /**
   * Go on with what is one sandbox's alone: its names and held ports, then its inside. Each takes a turn of its sandbox that
   * is asked for at once, so whoever works on one from then on finds it right, and nobody has to wait for all of them. Never
   * rejects.
   *
   * @returns the changes that they needed.
   */
  readonly compareSandboxes: () => Promise<readonly Change[]>;
}

/**
 * Bring kernel and name service to what the store says: after a crash, after a reboot, after somebody else's firewall
 * reload. What is right already is not touched, so traffic that flows goes on. What cannot be put right is logged.
 */
export async function reconcile(context: ReconcileContext): Promise<Reconciliation> {
  if (context.forwarding) noteForwarding(context);
  // Asked for first: it answers while the host is looked at.
  const served = context.names.list();
  served.catch(() => {});
  const changes = await reconcileHost(context);
  const { urgent, rest } = reconcileNames(context, await served);
  const settled = await urgent;
  const compareSandboxes = async () => (await Promise.all([rest, reconcileInsides(context)])).flat();
  return { changes: [...changes, ...settled], compareSandboxes };
}

/**
 * Bring the host's namespace alone to what the store says.
 *
 * @returns the changes that were needed.
 */
export async function reconcileHost(context: ReconcileContext): Promise<readonly Change[]> {
  const changes = hostChanges(context);
  await repair(context, changes);
  // Who has come since the last look may be the reason for them.
  if (changes.length > 0) context.guests.reviewAgain();
  return changes;
}

/**
 * Take away everything of ours in the host's namespace, and every namespace of ours. The store keeps what was wanted: the
 * next reconciliation makes it anew.
 */
export async function withdraw(context: ReconcileContext): Promise<void> {
  const { kernel, namespacePrefix, hostTables, isShared } = context;
  const host = observeHost(kernel, []);
  const tables = hostTables.map((definition): Change => ({ action: 'remove', object: tableOfHost(definition) }));
  const own = withoutShared(observeOwn(kernel, [], host, namespacePrefix), [], host, isShared);
  await applyThoroughly(kernel, [...removals(own), ...unwantedTables(host, []), ...tables]);
  await giveBackForwarding(context);
}

/** What has to change in the host's namespace, and which namespaces have to be made or to go. */
function hostChanges({ state, kernel, namespacePrefix, hostTables, isShared, facts }: ReconcileContext): Change[] {
  const own = state.desired().filter(isOfHost);
  const host = observeHost(kernel, own);
  const found = [...keepRouterAdvertisements(own, host), ...facts.elements(host)];
  const desired = [...hostTables.map(tableOfHost), ...found, ...own];
  return [
    // Before all that waits in the kernel: somebody may want it again by then.
    ...unwantedTables(host, desired),
    ...diff(desired, withoutShared(observeOwn(kernel, desired, host, namespacePrefix), desired, host, isShared)),
    ...lostRoutes(state.networks, host),
  ];
}

function tableOfHost(definition: TableDefinition): KernelObject {
  return { kind: 'table', namespace: '', definition };
}

/** Tables that networks or sandboxes shared of which none is left that needs them. */
function unwantedTables(host: readonly KernelObject[], desired: readonly KernelObject[]): Change[] {
  const isShared = (object: KernelObject) => object.kind === 'table' && isSharedTable(object.definition.name);
  const wanted = new Set(desired.filter(isShared).map(identityOf));
  const unwanted = host.filter((object) => isShared(object) && !wanted.has(identityOf(object)));
  return unwanted.map((object) => ({ action: 'remove', object }));
}

/** What has to change inside a sandbox. Links that its container has renamed or taken elsewhere are let go. */
function insideChanges({ state, kernel }: ReconcileContext, sandbox: Sandbox): Change[] {
  const desired = [...state.fragment(sandbox).filter((object) => !isOfHost(object)), ...askerFragment(state, sandbox)];
  const { objects, astray } = observeInside(kernel, sandbox.namespace, desired);
  const settings = new Set([...astray].map(sysctlName));
  const isAstray = (object: KernelObject) => {
    if (object.kind === 'sysctl') return object.key.split('.').some((part) => settings.has(part));
    const link = object.kind === 'link' ? object.name : 'link' in object ? object.link : undefined;
    return link !== undefined && astray.has(link);
  };
  return diff(
    desired.filter((object) => !isAstray(object)),
    objects,
  );
}

function isOfHost(object: KernelObject): boolean {
  return object.namespace === '' || object.kind === 'namespace';
}

async function repair(context: ReconcileContext, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return;
  context.logger.info('repairing kernel state', { changes: changes.length });
  await attempt(context, 'kernel state not repaired completely', () => applyThoroughly(context.kernel, changes));
}

/** All turns are asked for before this returns. One at a time, with room for everything else in between. */
async function reconcileInsides(context: ReconcileContext): Promise<readonly Change[]> {
  const { state, turn } = context;
  const pace = new KeyedMutex();
  void pace.run('inside', clientsFirst);
  const changes = Iterator.from(state.sandboxes)
    .filter(({ namespace }) => namespace !== '')
    .map(({ id }) => turn(id, () => pace.run('inside', () => reconcileInside(context, id))))
    .toArray();
  return (await Promise.all(changes)).flat();
}

async function reconcileInside(context: ReconcileContext, id: string): Promise<readonly Change[]> {
  let changes: readonly Change[] = [];
  await endOfTurn();
  await attempt(context, 'inside of a sandbox not repaired', async () => {
    const sandbox = context.state.sandboxes.get(id);
    if (sandbox === undefined) return;
    changes = insideChanges(context, sandbox);
    await repair(context, changes);
  });
  return changes;
}

import { setImmediate as endOfTurn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { KeyedMutex, type Logger, messageOf } from '@fairlead/base';
import { sysctlName } from '@fairlead/drivers';
import type { Change, KernelObject, TableDefinition } from '@fairlead/netlink';
import type { BridgeGuests } from '../bridge/bridge-guests.ts';
import { type IsShared, withoutShared } from '../bridge/shared-bridges.ts';
import type { KernelPort } from '../kernel-port.ts';
import type { Sandbox } from '../model.ts';
import { hasNames, namedNetwork } from '../name/dns-names.ts';
import type { NameRecords } from '../name/name-records.ts';
import type { NameServicePort, ServedNames } from '../name-service-port.ts';
import type { PortBook } from '../port/port-book.ts';
import { lostRoutes } from '../route/connected-routes.ts';
import { keepRouterAdvertisements } from '../route/router-advertisements.ts';
import type { NetworkState } from '../state.ts';
import { diff, removals } from './diff.ts';
import { giveBackForwarding, noteForwarding } from './host-forwarding.ts';
import { isSharedTable, observeHost, observeInside, observeOwn } from './observation.ts';
import { applyThoroughly } from './thorough-apply.ts';

/** What reconciliation works with. */
export interface ReconcileContext {
  readonly state: NetworkState;
  readonly kernel: KernelPort;
  readonly names: NameServicePort;
  readonly records: NameRecords;
  readonly ports: PortBook;
  readonly namespacePrefix: string;
  readonly hostTable: TableDefinition;
  /** False leaves the host's forwarding to the operator. */
  readonly forwarding: boolean;
  readonly isShared: IsShared;
  readonly guests: Pick<BridgeGuests, 'reviewAgain'>;
  readonly logger: Logger;
  /** Do work on a sandbox while nobody else works on it. */
  readonly turn: <T>(sandbox: string, work: () => Promise<T>) => Promise<T>;
}

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
  const { kernel, namespacePrefix, hostTable, isShared } = context;
  const host = observeHost(kernel, []);
  const table: Change = { action: 'remove', object: { kind: 'table', namespace: '', definition: hostTable } };
  const own = withoutShared(observeOwn(kernel, [], host, namespacePrefix), [], host, isShared);
  await applyThoroughly(kernel, [...removals(own), ...unwantedTables(host, []), table]);
  await giveBackForwarding(context);
}

/** What has to change in the host's namespace, and which namespaces have to be made or to go. */
function hostChanges({ state, kernel, namespacePrefix, hostTable, isShared }: ReconcileContext): Change[] {
  const own = state.desired().filter(isOfHost);
  const host = observeHost(kernel, own);
  const table: KernelObject = { kind: 'table', namespace: '', definition: hostTable };
  const desired = [table, ...keepRouterAdvertisements(own, host), ...own];
  return [
    // Before all that waits in the kernel: somebody may want it again by then.
    ...unwantedTables(host, desired),
    ...diff(desired, withoutShared(observeOwn(kernel, desired, host, namespacePrefix), desired, host, isShared)),
    ...lostRoutes(state.networks, host),
  ];
}

/** Tables that sandboxes shared of which none is left that needs them. */
function unwantedTables(host: readonly KernelObject[], desired: readonly KernelObject[]): Change[] {
  const isShared = (object: KernelObject) => object.kind === 'table' && isSharedTable(object.definition.name);
  return desired.some(isShared) ? [] : host.filter(isShared).map((object) => ({ action: 'remove', object }));
}

/** What has to change inside a sandbox. Links that its container has renamed or taken elsewhere are let go. */
function insideChanges({ state, kernel }: ReconcileContext, sandbox: Sandbox): Change[] {
  const desired = state.fragment(sandbox).filter((object) => !isOfHost(object));
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

/** What the name service is told, which never rejects. */
interface Naming {
  /** Ports that nobody holds, or that are not settled: to be waited for, or somebody else could ask for them first. */
  readonly urgent: Promise<readonly Change[]>;
  readonly rest: Promise<readonly Change[]>;
}

/**
 * What is everybody's is asked for before this returns, and carried out in that order: first what is of no use any more, for
 * its ports may be wanted, then networks. Sandboxes follow in turns that are asked for at once: first those whose ports
 * nobody holds, then those that are not settled, and the others one at a time.
 */
function reconcileNames(context: ReconcileContext, served: ServedNames): Naming {
  const { state, names, turn } = context;
  const dropped = dropSurplus(context, served);
  const networks = Iterator.from(state.networks).filter(hasNames).toArray();
  const named = attempt(context, 'networks not named', () =>
    Promise.all(networks.map((network) => names.setNetwork(namedNetwork(network)))),
  );
  const held = new Set(served.portOwners);
  const pace = new KeyedMutex();
  const tell = (id: string) => reconcileSandbox(context, id, held.has(id));
  const {
    unsettled = [],
    lost = [],
    quiet = [],
  } = Object.groupBy(state.sandboxes, (sandbox) => {
    if (sandbox.unsettled === true) return 'unsettled';
    return sandbox.mappings.length > 0 && !held.has(sandbox.id) ? 'lost' : 'quiet';
  });
  const holding = lost.map(({ id }) => turn(id, () => tell(id)));
  // Who still looks for ports could take those that somebody else had.
  const heldAgain = Promise.allSettled(holding);
  const settling = unsettled.map(({ id }) => turn(id, () => heldAgain.then(() => tell(id))));
  const urgent = [...holding, ...settling];
  const inTime = quiet.map(({ id }) => turn(id, () => pace.run('names', () => endOfTurn().then(() => tell(id)))));
  const all = async (changes: readonly Promise<readonly Change[]>[]) => {
    await Promise.all([...dropped, named]);
    return (await Promise.all(changes)).flat();
  };
  return { urgent: urgent.length > 0 ? all(urgent) : Promise.resolve([]), rest: all(inTime) };
}

/** Have the name service forget what is of no use any more. None of these rejects. */
function dropSurplus(context: ReconcileContext, served: ServedNames): Promise<void>[] {
  const { state, names } = context;
  const surplus = (ids: readonly string[], isKnown: (id: string) => unknown, drop: (id: string) => Promise<void>) =>
    ids.filter((id) => !isKnown(id)).map((id) => attempt(context, 'not forgotten', () => drop(id)));
  return [
    ...surplus(
      served.portOwners,
      (id) => state.sandboxes.get(id),
      (id) => names.releasePorts(id),
    ),
    ...surplus(
      served.endpoints,
      (id) => state.endpoints.get(id),
      (id) => names.removeEndpoint(id),
    ),
    ...surplus(
      served.sandboxes,
      (id) => isServed(state, id),
      (id) => names.closeSandbox(id),
    ),
    ...surplus(
      served.networks,
      (id) => state.networks.get(id),
      (id) => names.removeNetwork(id),
    ),
  ];
}

/** True when the name service has reason to know a sandbox; see {@link NameRecords.serve}. */
function isServed(state: NetworkState, id: string): boolean {
  const sandbox = state.sandboxes.get(id);
  if (sandbox === undefined) return false;
  return sandbox.resolver !== undefined || state.joined(id).some(({ network }) => hasNames(network));
}

async function reconcileSandbox(
  context: ReconcileContext,
  id: string,
  holdsPorts: boolean,
): Promise<readonly Change[]> {
  const changes: Change[] = [];
  await attempt(context, 'names not restored', () => restoreNames(context, id));
  await attempt(context, 'published ports not restored', () => restorePorts(context, id, holdsPorts, changes));
  return changes;
}

/** A name service that was lost answers on other ports now, and the sandbox has to be told. */
async function restoreNames(context: ReconcileContext, id: string): Promise<void> {
  const { state, records } = context;
  const sandbox = state.sandboxes.get(id);
  if (sandbox === undefined) return;
  const joined = state.joined(id);
  const resolver = await records.serve(sandbox, joined);
  if (resolver && !isDeepStrictEqual(resolver, sandbox.resolver)) {
    // Its tables, which send questions there, are compared next.
    state.sandboxes.put({ ...sandbox, resolver });
  }
  await records.publish(sandbox, joined);
}

/** Ports that nobody holds are held again; those whose settling was interrupted are settled anew. */
async function restorePorts(context: ReconcileContext, id: string, held: boolean, changes: Change[]): Promise<void> {
  const { state, ports } = context;
  const sandbox = state.sandboxes.get(id);
  if (sandbox === undefined) return;
  if (sandbox.unsettled !== true) {
    if (!held) await ports.hold(sandbox, state.joined(id));
    return;
  }
  try {
    const mappings = await ports.renew(sandbox, state.joined(id));
    await replace(context, sandbox, { ...withoutMark(sandbox), mappings }, changes);
  } catch (error) {
    // Nothing is held now, so nothing may be translated; the next time may be luckier.
    await replace(context, state.sandbox(id), { ...sandbox, mappings: [] }, changes);
    await ports.release(id);
    throw error;
  }
}

async function replace(context: ReconcileContext, before: Sandbox, after: Sandbox, changes: Change[]): Promise<void> {
  const { state, kernel } = context;
  const needed = diff(state.fragment(after), state.fragment(before));
  state.sandboxes.put(after);
  changes.push(...needed);
  await applyThoroughly(kernel, needed);
}

function withoutMark({ unsettled: _, ...sandbox }: Sandbox): Sandbox {
  return sandbox;
}

/** Go on after a failure: one broken sandbox shall not keep the others from being repaired. */
async function attempt(context: ReconcileContext, message: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    context.logger.error(message, { error: messageOf(error) });
  }
}

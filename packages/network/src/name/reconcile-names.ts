import { setImmediate as endOfTurn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { KeyedMutex } from '@fairlead/base';
import type { Change } from '@fairlead/netlink';
import { diff } from '../kernel/diff.ts';
import { attempt, type ReconcileContext } from '../kernel/reconcile-context.ts';
import { applyThoroughly } from '../kernel/thorough-apply.ts';
import type { Sandbox } from '../model.ts';
import type { ResolverEndpoint, ServedNames } from '../name-service-port.ts';
import { serviceNames } from '../service/service-names.ts';
import { portOwner, portRelays, portReservations } from '../service/service-ports.ts';
import type { NetworkState } from '../state.ts';
import { hasNames, namedNetwork } from './dns-names.ts';

/** What the name service is told, which never rejects. */
export interface Naming {
  /** Ports that nobody holds, or that are not settled: to be waited for, or somebody else could ask for them first. */
  readonly urgent: Promise<readonly Change[]>;
  readonly rest: Promise<readonly Change[]>;
}

/**
 * What is everybody's is asked for before this returns, and carried out in that order: first what is of no use any more, for
 * its ports may be wanted, then networks. Sandboxes follow in turns that are asked for at once: first those whose ports
 * nobody holds, then those that are not settled, and the others one at a time.
 */
export function reconcileNames(context: ReconcileContext, served: ServedNames): Naming {
  const { state, names, turn } = context;
  const dropped = dropSurplus(context, served);
  const networks = Iterator.from(state.networks).filter(hasNames).toArray();
  const named = attempt(context, 'networks not named', () =>
    Promise.all([
      ...networks.map((network) => names.setNetwork(namedNetwork(network))),
      ...namesOfServices(state).map((record) => names.setEndpoint(record)),
    ]),
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
  const urgent = [...holding, ...settling, ...holdForServices(context, held)];
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
  const owners = new Set([...state.services].filter(({ ports }) => ports.length > 0).map(({ id }) => portOwner(id)));
  const ofServices = new Set(namesOfServices(state).map(({ id }) => id));
  const surplus = (ids: readonly string[], isKnown: (id: string) => unknown, drop: (id: string) => Promise<void>) =>
    ids.filter((id) => !isKnown(id)).map((id) => attempt(context, 'not forgotten', () => drop(id)));
  return [
    ...surplus(
      served.portOwners,
      (id) => state.sandboxes.get(id) ?? owners.has(id),
      (id) => names.releasePorts(id),
    ),
    ...surplus(
      served.endpoints,
      (id) => state.endpoints.get(id) ?? ofServices.has(id),
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

/** Ports of services that nobody holds, or of which nobody could say whether they are held. */
function holdForServices({ state, names, ...context }: ReconcileContext, held: ReadonlySet<string>) {
  return [...state.services]
    .filter(({ id, ports, unsettled }) => ports.length > 0 && (unsettled || !held.has(portOwner(id))))
    .map(async (service): Promise<readonly Change[]> => {
      const { unsettled: _, ...settled } = service;
      const owner = portOwner(service.id);
      await attempt(context, 'ports of a service not held', async () => {
        if (held.has(owner)) await names.releasePorts(owner);
        await names.reservePorts(owner, portReservations(service.ports));
        await names.setRelays(owner, portRelays(service.ports));
        state.services.put(settled);
      });
      return [];
    });
}

function namesOfServices(state: NetworkState): ResolverEndpoint[] {
  return [...state.services].flatMap((service) => serviceNames(state, service));
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

import {
  type Change,
  homeOfLink,
  identityOf,
  isInnerEnd,
  isPresent,
  type KernelObject,
  type LinkObject,
  type NamespaceName,
  NetlinkConnection,
  type RouteChange,
  type RouteChangeObject,
  type RouteRequest,
  routeRequests,
  setLinkUpMessage,
} from '@fairlead/netlink';
import type { OpenNamespaces } from '../namespace/open-namespaces.ts';
import { errnoOf } from '../system-call/errno-of.ts';
import type { EffectLog } from './effect-log.ts';
import { RouteLookup } from './route-lookup.ts';

/** Reads the objects of one kind back. */
export type ObserveKind = (namespace: NamespaceName, kind: KernelObject['kind']) => readonly KernelObject[];

/** Makes changes of links, addresses, routes, rules, neighbours and forwarding entries. */
export class RouteApplier {
  readonly #namespaces: OpenNamespaces;
  readonly #log: EffectLog;
  readonly #observe: ObserveKind;

  constructor(namespaces: OpenNamespaces, log: EffectLog, observe: ObserveKind) {
    this.#namespaces = namespaces;
    this.#log = log;
    this.#observe = observe;
  }

  /** Make a change, synchronously. What is there already as wanted, or gone already, is success. */
  apply(change: RouteChange): void {
    try {
      this.#send(change);
    } catch (error) {
      if (isStale(error) && this.#forgetIndexes(change.object)) this.#retry(change);
      else if (!this.#isDone(change, error)) throw error;
    }
    if (change.object.kind === 'link' && !keepsIndex(change.action, change.object)) this.#forgetLink(change.object);
  }

  /** Switch a link on; for a new namespace's loopback. */
  setLinkUp(namespace: NamespaceName, name: string): void {
    const request = { namespace, operation: `set link ${name} up`, message: setLinkUpMessage(name, true) };
    this.#execute(request, new RouteLookup(this.#namespaces), []);
  }

  /**
   * Delete a link, move one, or exchange its queue, on a worker thread: the kernel waits for RCU, 10 to 35 ms
   * (net/core/dev.c, synchronize_net; net/sched/sch_generic.c, dev_deactivate_many).
   */
  async applyOffThread(change: RouteChange & { readonly object: { readonly kind: 'link' | 'qdisc' } }): Promise<void> {
    try {
      // The number of a link that we remember may be another one's by now, and there is no second try here.
      if (change.object.kind === 'qdisc') this.#forgetIndexes(change.object);
      const lookup = new RouteLookup(this.#namespaces);
      for (const request of routeRequests(change, lookup)) await this.#executeOffThread(request, lookup, change);
    } catch (error) {
      if (!this.#isDone(change, error)) throw error;
    } finally {
      if (change.object.kind === 'link') this.#forgetLink(change.object);
    }
  }

  async #executeOffThread(
    { namespace, operation, message }: RouteRequest,
    lookup: RouteLookup,
    change: Change,
  ): Promise<void> {
    const { links, descriptors } = lookup;
    using socket = this.#namespaces.get(namespace).openSocket('route');
    const effect = { protocol: 'route', namespace, operation, bytes: message, links, descriptors } as const;
    await this.#log.runAsync({ ...effect, changes: [change] }, () =>
      new NetlinkConnection(socket).executeOffThread(operation, message, (bytes) => socket.sendOffThread(bytes)),
    );
  }

  #retry(change: RouteChange): void {
    try {
      this.#send(change);
    } catch (error) {
      if (!this.#isDone(change, error)) throw error;
    }
  }

  #send(change: RouteChange): void {
    const lookup = new RouteLookup(this.#namespaces);
    for (const request of routeRequests(change, lookup)) this.#execute(request, lookup, [change]);
  }

  #execute({ namespace, operation, message }: RouteRequest, lookup: RouteLookup, changes: readonly Change[]): void {
    const { links, descriptors } = lookup;
    const { route } = this.#namespaces.get(namespace);
    this.#log.run({ protocol: 'route', namespace, operation, bytes: message, links, descriptors, changes }, () =>
      route.execute(operation, message),
    );
  }

  /** An object that is there as wanted needs no adding, one that is not there no removing. */
  #isDone(change: Change, error: unknown): boolean {
    const errno = errnoOf(error);
    if (errno === undefined) return false;
    if (change.action === 'remove') return goneErrors.has(errno);
    if (change.action !== 'add') return false;
    // What was moved is no longer where it came from.
    const isMoved = change.object.kind === 'link' && change.object.type.kind === 'moved';
    return errno === (isMoved ? 'ENODEV' : 'EEXIST') && this.#exists(change.object);
  }

  #exists(object: KernelObject): boolean {
    const identity = identityOf(object);
    const observed = this.#observe(object.namespace, object.kind);
    return observed.some((candidate) => identityOf(candidate) === identity && isPresent(candidate, object));
  }

  /** True when there were any that may have been wrong. */
  #forgetIndexes(object: RouteChangeObject): boolean {
    if (object.kind === 'rule') return false;
    this.#namespaces.get(object.namespace).forgetLink();
    if (object.kind === 'link') this.#namespaces.get(homeOfLink(object)).forgetLink();
    return true;
  }

  #forgetLink(link: Extract<KernelObject, { kind: 'link' }>): void {
    this.#namespaces.find(link.namespace)?.forgetLink(link.name);
    if (link.type.kind === 'moved') this.#namespaces.find(homeOfLink(link))?.forgetLink(link.type.source);
    if (link.type.kind === 'veth' && link.type.peer !== undefined) {
      this.#namespaces.find(link.type.peer.namespace)?.forgetLink(link.type.peer.name);
    }
  }
}

/** A link that is changed stays the one it was; the inner end of a pair was made with the outer one. */
function keepsIndex(action: Change['action'], link: LinkObject): boolean {
  return action === 'change' || (action === 'add' && isInnerEnd(link.type));
}

/** What the kernel says about something that is not there: its link, itself, a route, an address. */
const goneErrors: ReadonlySet<string> = new Set(['ENODEV', 'ENOENT', 'ESRCH', 'EADDRNOTAVAIL']);

/** The link whose index we remembered is another one by now. */
function isStale(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === 'ENODEV' || errno === 'ENXIO';
}

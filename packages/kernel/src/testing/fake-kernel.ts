import type { IpAddress } from '@fairlead/base';
import {
  type Change,
  describeChange,
  type ForeignFilter,
  identityOf,
  type KernelObject,
  type NamespaceName,
  type RouteChangeObject,
} from '@fairlead/netlink';
import type { News } from '@fairlead/netlink/news';
import { ApplyError } from '../change/apply-error.ts';
import type { ConnectionFilter } from '../change/connection-table.ts';
import type { FeatureName } from '../features.ts';
import { dumpObjects } from './dump.ts';
import { addLink, changeLink, emptySpace, removeLink } from './fake-links.ts';
import { addAddress, addFdb, addNeighbor, addRoute, addRule, putQdisc, writeSysctl } from './fake-routing.ts';
import { FakeSpace, type FakeWorld, spaceOf } from './fake-space.ts';
import { applyElement, putTable, removeTable } from './fake-tables.ts';

/**
 * A kernel in memory, for tests without root. It refuses what the real one refuses: addresses on missing links, routes
 * over unreachable gateways, names that are taken, elements of undeclared sets, jumps to missing chains. The conformance
 * suite holds both to the same behaviour.
 */
export class FakeKernel {
  /** Called before every change; throws to let a test crash there. */
  beforeChange: ((change: Change) => void) | undefined;
  /** Features that it was built without. */
  readonly missing = new Set<FeatureName>();
  /** What was asked to be forgotten, in order. */
  readonly forgotten: ConnectionFilter[] = [];
  /** Chains of others that drop what is forwarded. */
  readonly foreign: ForeignFilter[] = [];
  /** Addresses that are used behind ports of bridges, by the port. */
  readonly guests = new Map<string, IpAddress>();
  /** What was announced, in order: `fl-web eth0 172.17.0.2`. */
  readonly announced: string[] = [];
  /** Tells those who watch that something was lost. */
  readonly lose = (news: News): void => this.#watchers.forEach((onNews) => onNews(news));
  readonly #watchers = new Set<(news: News) => void>();
  readonly #emptyPins = new Set<NamespaceName>();
  readonly #world: FakeWorld = new Map([['', new FakeSpace('')]]);

  /** As the real one. @throws ApplyError */
  apply(changes: readonly Change[]): Promise<void> {
    for (const [index, change] of changes.entries()) {
      try {
        this.beforeChange?.(change);
        this.#applyOne(change);
      } catch (error) {
        return Promise.reject(new ApplyError(change, changes.slice(0, index), error));
      }
    }
    return Promise.resolve();
  }

  /** As the real one. */
  observe(namespace: NamespaceName, kinds?: readonly KernelObject['kind'][]): KernelObject[] {
    const space = spaceOf(this.#world, namespace);
    const wanted = (object: KernelObject) =>
      object.kind !== 'sysctl' && (kinds === undefined || kinds.includes(object.kind));
    return [...space.links.values(), ...space.objects.values(), ...space.connectedRoutes()].filter(wanted);
  }

  /** As the real one. */
  namespaces(): NamespaceName[] {
    return [...this.#world.keys()].filter((name) => name !== '').sort();
  }

  /** As the real one, of what {@link lose} says. */
  async watchNews(onNews: (news: News) => void): Promise<Disposable> {
    this.#watchers.add(onNews);
    return { [Symbol.dispose]: () => void this.#watchers.delete(onNews) };
  }

  /** As the real one, for those of {@link leaveEmptyPin}. */
  emptyPins(): NamespaceName[] {
    return [...this.#emptyPins].sort();
  }

  /** What a process leaves that is killed while it makes a namespace. */
  leaveEmptyPin(name: NamespaceName): void {
    this.#emptyPins.add(name);
  }

  /** As the real one, for keys that were written. */
  readSysctl(namespace: NamespaceName, key: string): string | undefined {
    return spaceOf(this.#world, namespace)
      .find('sysctl')
      .find((object) => object.key === key)?.value;
  }

  /** As the real one. */
  supports(feature: FeatureName): boolean {
    return !this.missing.has(feature);
  }

  /** As the real one, for those of {@link foreign}. */
  foreignFilters(): ForeignFilter[] {
    return this.foreign;
  }

  /** As the real one, for those of {@link guests} whose port is on the bridge. */
  bridgeGuests(
    bridge: string,
    isMeant: (port: { readonly name: string; readonly alias?: string }) => boolean,
  ): { readonly port: string; readonly address: IpAddress }[] {
    return this.observe('', ['link']).flatMap((link) => {
      if (link.kind !== 'link' || link.master !== bridge || !isMeant(link)) return [];
      const address = this.guests.get(link.name);
      return address === undefined ? [] : [{ port: link.name, address }];
    });
  }

  /** As the real one, without anybody to hear it. */
  announce(namespace: NamespaceName, link: string, addresses: readonly IpAddress[]): void {
    if (!this.#world.get(namespace)?.links.has(link)) return;
    for (const address of addresses) this.announced.push(`${namespace} ${link} ${address}`);
  }

  /** Remembers what was asked for; there are no connections here. */
  forgetConnections(filter: ConnectionFilter): Promise<void> {
    this.forgotten.push(filter);
    return Promise.resolve();
  }

  /** The commands that would make what a namespace holds, sorted, without what every namespace has. */
  dump(namespace: NamespaceName): string {
    const space = spaceOf(this.#world, namespace);
    return dumpObjects([...space.links.values(), ...space.objects.values()]);
  }

  #applyOne(change: Change): void {
    const { action, object } = change;
    if (object.kind === 'namespace') return this.#applyNamespace(action, object.namespace);
    const space = this.#world.get(object.namespace);
    if (space === undefined && action === 'remove') return;
    const there = spaceOf(this.#world, object.namespace);
    const operation = describeChange(change);
    if (object.kind === 'table')
      return action === 'remove' ? removeTable(there, object) : putTable(there, object, operation);
    if (object.kind === 'element') return applyElement(there, action, object, operation);
    if (object.kind === 'sysctl') return action === 'remove' ? undefined : writeSysctl(there, object);
    if (action === 'remove') return this.#remove(there, object);
    const previous = change.action === 'change' ? change.previous : undefined;
    this.#make(there, object, previous, operation);
  }

  #applyNamespace(action: Change['action'], name: NamespaceName): void {
    this.#emptyPins.delete(name);
    const space = this.#world.get(name);
    if (action === 'add' && space === undefined) this.#world.set(name, new FakeSpace(name));
    if (action !== 'remove' || space === undefined) return;
    emptySpace(this.#world, space);
    this.#world.delete(name);
  }

  #remove(space: FakeSpace, object: RouteChangeObject): void {
    if (object.kind === 'link') removeLink(this.#world, object);
    else space.objects.delete(identityOf(object));
  }

  #make(space: FakeSpace, object: RouteChangeObject, previous: KernelObject | undefined, operation: string): void {
    switch (object.kind) {
      case 'link':
        if (previous?.kind === 'link') changeLink(this.#world, object, previous, operation);
        else addLink(this.#world, object, operation);
        return;
      case 'address':
        return addAddress(space, object, operation);
      case 'route':
        return addRoute(space, object, operation, previous !== undefined);
      case 'rule':
        if (previous !== undefined) space.objects.delete(identityOf(previous));
        return addRule(space, object, operation);
      case 'neighbor':
        return addNeighbor(space, object, operation);
      case 'fdb':
        return addFdb(space, object, operation);
      case 'qdisc':
        return putQdisc(space, object, operation);
      default:
        return object satisfies never;
    }
  }
}

import { type IpAddress, lateModule } from '@fairlead/base';
import { announcementFrame } from '@fairlead/base/neighbor-frame';
import {
  type ChainReference,
  type Change,
  describeChange,
  type ForeignFilter,
  type KernelObject,
  type LinkDetails,
  type NamespaceName,
  type NamespaceObject,
  type RuleDefinition,
  type SysctlObject,
} from '@fairlead/netlink';
import type { News } from '@fairlead/netlink/news';
import { ApplyError } from './change/apply-error.ts';
import { bridgeGuests, type Guest } from './change/bridge-guests.ts';
import { type ConnectionFilter, ConnectionTable } from './change/connection-table.ts';
import { EffectLog } from './change/effect-log.ts';
import { NftApplier } from './change/nft-applier.ts';
import { isNftChange } from './change/nft-batch.ts';
import { isRouteKind, observeRoute } from './change/observer.ts';
import { Recorder } from './change/recorder.ts';
import { RouteApplier } from './change/route-applier.ts';
import { readSysctlHere, writeSysctlHere } from './change/sysctl.ts';
import { type FeatureName, features } from './features.ts';
import { listEmptyPins, listNamespaces, type NamespacePlaces } from './namespace/namespace.ts';
import { OpenNamespaces } from './namespace/open-namespaces.ts';
import { sendFrames } from './socket/frame-sending.ts';
import { errnoOf } from './system-call/errno-of.ts';

const newsWatch = lateModule(() => import('./socket/news-watch.ts'));

/** The one door to the kernel's network state: makes changes, reads state back, and remembers what it did. */
export class Kernel implements Disposable {
  readonly recorder: Recorder;
  readonly #namespaces: OpenNamespaces;
  readonly #log: EffectLog;
  readonly #route: RouteApplier;
  readonly #nft: NftApplier;
  readonly #connections: ConnectionTable;

  /** @param places where the namespaces are that it works in; absent means those of the machine. */
  constructor(recorder = new Recorder(), places?: NamespacePlaces) {
    this.recorder = recorder;
    this.#namespaces = new OpenNamespaces(places);
    this.#log = new EffectLog(recorder);
    this.#route = new RouteApplier(this.#namespaces, this.#log, (namespace, kind) => this.observe(namespace, [kind]));
    this.#nft = new NftApplier(this.#namespaces, this.#log);
    this.#connections = new ConnectionTable(this.#namespaces, this.#log);
  }

  /**
   * Make the changes in order. Everything that need not wait in the kernel is done before the promise is returned, up
   * to the first link that is to be removed: that goes on off the main thread. Adding what is there as wanted and
   * removing what is gone is success.
   *
   * @throws ApplyError at the first change that failed; it says which ones were made before and stay.
   */
  apply(changes: readonly Change[]): Promise<void> {
    const [first] = changes;
    if (first === undefined) return Promise.resolve();
    return this.recorder.operation(describeChange(first), () => this.#applyInOrder(changes));
  }

  /**
   * Let the kernel judge changes of elements in a namespace as one transaction, without making them: a batch that does
   * not say its end is checked message by message and undone (net/netfilter/nfnetlink.c, nfnetlink_rcv_batch). The undoing
   * waits for RCU, some 15 ms, on the one socket that may change our tables: for what a person asks for, not for every run.
   *
   * @throws NetlinkError what the kernel would refuse them with.
   */
  check(namespace: NamespaceName, changes: readonly Change[]): void {
    this.#namespaces.recheck();
    this.#nft.check(namespace, changes.filter(isNftChange));
  }

  async #applyInOrder(changes: readonly Change[]): Promise<void> {
    this.#namespaces.recheck();
    for (let index = 0; index < changes.length; ) {
      const step = stepAt(changes, index);
      try {
        const pending = this.#applyStep(step);
        if (pending !== undefined) {
          await pending;
          this.#namespaces.recheck();
        }
      } catch (error) {
        if (!isRemovalInVoid(step, error)) throw new ApplyError(step[0], changes.slice(0, index), error);
      }
      index += step.length;
    }
  }

  /** A promise only for what goes on off the main thread. */
  #applyStep(step: Step): Promise<void> | undefined {
    const [change] = step;
    const { object } = change;
    switch (object.kind) {
      case 'namespace':
        this.#applyNamespace(change, object);
        return undefined;
      case 'sysctl':
        if (change.action !== 'remove') this.#writeSysctl(object, change);
        return undefined;
      case 'table':
      case 'element':
        this.#nft.apply(object.namespace, step.filter(isNftChange));
        return undefined;
      case 'link':
        if (change.action === 'remove' || (change.action === 'add' && object.type.kind === 'moved')) {
          return this.#route.applyOffThread({ ...change, object });
        }
        this.#route.apply({ ...change, object });
        return undefined;
      case 'qdisc':
        return this.#route.applyOffThread({ ...change, object });
      default:
        this.#route.apply({ ...change, object });
        return undefined;
    }
  }

  #applyNamespace(change: Change, { namespace, owner }: NamespaceObject): void {
    const { action } = change;
    if (action === 'change') return;
    const operation = `${action} namespace ${namespace}`;
    const effect = { protocol: 'namespace', namespace, action, operation, changes: [change] } as const;
    if (action === 'remove') {
      this.#log.run(effect, () => this.#namespaces.remove(namespace));
      return;
    }
    try {
      this.#log.run({ ...effect, ...(owner && { owner }) }, () => this.#namespaces.create(namespace, owner));
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    this.#route.setLinkUp(namespace, 'lo');
  }

  #writeSysctl(object: SysctlObject, change: Change): void {
    const { namespace, key, value } = object;
    const open = this.#namespaces.get(namespace);
    // What is set in a sandbox is set on a link that is made with it, and goes with it.
    const isOwn = change.action === 'change' || namespace !== '';
    const read = () => readSysctlHere(key);
    const changes = isOwn ? [change] : settingOf(object, open.enter(read));
    const effect = { protocol: 'sysctl', namespace, key, value, operation: `set sysctl ${key}`, changes } as const;
    this.#log.run(effect, () => open.enter(() => writeSysctlHere(key, value)));
  }

  /** What a namespace holds, of some kinds or of all that can be listed; sysctls have to be asked for by key. */
  observe(namespace: NamespaceName, kinds: readonly KernelObject['kind'][] = listedKinds): KernelObject[] {
    this.#namespaces.recheck();
    const open = this.#namespaces.get(namespace);
    return [...observeRoute(open, kinds.filter(isRouteKind), this.#namespaces), ...this.#nft.observe(namespace, kinds)];
  }

  /** Make the host's conntrack, or another namespace's, forget connections, so that their next packet is judged anew. */
  forgetConnections(filter: ConnectionFilter, namespace: NamespaceName = ''): Promise<void> {
    this.#namespaces.recheck();
    return this.recorder.operation('forget connections', () => this.#connections.forget(namespace, filter));
  }

  /** Tell everybody on a link that its addresses are here; harmless when the link is gone or down. */
  announce(namespace: NamespaceName, link: string, addresses: readonly IpAddress[]): void {
    try {
      this.#namespaces.recheck();
      const open = this.#namespaces.get(namespace);
      const found = open.link(link);
      const mac = found?.mac;
      if (found === undefined || mac === undefined) return;
      open.enter(() =>
        sendFrames(
          found.index,
          addresses.map((address) => announcementFrame(address, mac)),
        ),
      );
    } catch (error) {
      const errno = errnoOf(error);
      if (errno !== 'ENOENT' && errno !== 'ENETDOWN' && errno !== 'ENXIO') throw error;
    }
  }

  /** Chains of others, in nftables or by iptables-nft, that drop what is forwarded unless a rule of theirs lets it through. */
  foreignFilters(namespace: NamespaceName = ''): ForeignFilter[] {
    this.#namespaces.recheck();
    return this.#nft.foreignFilters(namespace);
  }

  /** Addresses that are used behind some ports of a bridge of the host, as far as the kernel knows. */
  bridgeGuests(
    bridge: string,
    isMeant: (port: Pick<LinkDetails, 'name' | 'alias'>) => boolean,
    namespace: NamespaceName = '',
  ): Guest[] {
    this.#namespaces.recheck();
    return bridgeGuests(this.#namespaces.get(namespace), bridge, isMeant);
  }

  /**
   * Put rules before all others of a chain, whoever made it: the first of them ends up last.
   *
   * @throws NetlinkError `ENOENT` when there is no such chain; what its owner alone may change is refused with `EPERM`.
   */
  insertRules(namespace: NamespaceName, chain: ChainReference, rules: readonly RuleDefinition[]): void {
    this.#namespaces.recheck();
    this.recorder.operation('insert rules', () => this.#nft.insertRules(namespace, chain, rules));
  }

  /**
   * Hear of what a namespace loses from now on, and of routes that come, by whose hand ever, until the disposal; and when the
   * kernel could not keep all of it for us.
   *
   * @param rules also of what goes from nftables; every element that comes and goes is heard then as well.
   */
  async watchNews(onNews: (news: News) => void, rules: boolean, namespace: NamespaceName = ''): Promise<Disposable> {
    const { watchNews } = await newsWatch();
    this.#namespaces.recheck();
    return this.#namespaces.get(namespace).enter(() => watchNews(onNews, rules));
  }

  /** Whether this kernel has a feature. */
  supports(feature: FeatureName): boolean {
    return features[feature].isSupported();
  }

  /** Links of a namespace with their counters and state. */
  links(namespace: NamespaceName): LinkDetails[] {
    this.#namespaces.recheck();
    return this.#namespaces.get(namespace).links(true);
  }

  /** Value of a sysctl, `undefined` when there is no such key. */
  readSysctl(namespace: NamespaceName, key: string): string | undefined {
    this.#namespaces.recheck();
    return this.#namespaces.get(namespace).enter(() => readSysctlHere(key));
  }

  /** Names of the pinned namespaces, ours and others'. */
  namespaces(): NamespaceName[] {
    return listNamespaces();
  }

  /** Names under which nothing is pinned: left by a process that was killed while it made or removed a namespace. */
  emptyPins(): NamespaceName[] {
    return listEmptyPins();
  }

  [Symbol.dispose](): void {
    this.#namespaces[Symbol.dispose]();
  }
}

const listedKinds: readonly KernelObject['kind'][] = [
  'link',
  'address',
  'route',
  'rule',
  'neighbor',
  'fdb',
  'qdisc',
  'table',
  'element',
];

/** Changes that are made at once: one, or all the nftables changes of a namespace that follow one another. */
type Step = readonly [Change, ...Change[]];

function stepAt(changes: readonly Change[], index: number): Step {
  const [first, ...rest] = changes.slice(index, index + 1);
  if (first === undefined) throw new RangeError(`no change ${index}`);
  if (!isNftChange(first)) return [first];
  for (let next = index + 1; next < changes.length; next++) {
    const change = changes[next];
    if (change === undefined || !isNftChange(change) || change.object.namespace !== first.object.namespace) break;
    rest.push(change);
  }
  return [first, ...rest];
}

/** What it is to write a setting that had a value. */
function settingOf(object: SysctlObject, before: string | undefined): Change[] {
  if (before === undefined || before === object.value) return [];
  return [{ action: 'change', object, previous: { ...object, value: before } }];
}

/** What was in a namespace that is gone is gone. */
function isRemovalInVoid(step: Step, error: unknown): boolean {
  return step.every(({ action }) => action === 'remove') && errnoOf(error) === 'ENOENT';
}

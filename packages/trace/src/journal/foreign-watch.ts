import { OpenNamespace } from '@fairlead/kernel';
import { listenToNetlink, type NetlinkListener } from '@fairlead/kernel/tracing';
import {
  dumpAddressesMessage,
  type Message,
  type NamespaceName,
  netfilterGroup,
  nftMessage,
  nftType,
  routingGroups,
  type TranscriptEntry,
} from '@fairlead/netlink';
import { decodeGeneration } from '@fairlead/netlink/tracing';
import { authorOf } from './author.ts';
import { ForeignBatch, type GatheredKind, type Tell } from './foreign-batch.ts';
import { LegacyEvents } from './legacy-events.ts';
import { LinkEvents, type Witness } from './link-events.ts';
import { RequesterWatch } from './requester-watch.ts';
import { RulesetChanges } from './ruleset-changes.ts';
import { SysctlEvents } from './sysctl-events.ts';

/** Milliseconds between two looks at what the kernel tells nothing of. */
const INTERVAL = 5000;

/** Milliseconds after which the kernel is asked who does what: its types are to be read for that, which a start does not wait for. */
const DELAY = 1000;

/** Who is told of what others do. */
export interface ForeignListener {
  readonly change: Tell;
  /** The kernel had no room for some notifications. */
  readonly loss: () => void;
  /** True for the alias of an interface that is ours. */
  readonly isOwn: (alias: string | undefined) => boolean;
}

/** Sees what other programs do to the host's network and to our interfaces in the host, until disposed of. */
export interface ForeignWatch extends Disposable {
  /** Say what we do ourselves, as it is done. */
  touch(entry: TranscriptEntry): void;
  /** Look for what the kernel does not tell, now rather than in a few seconds. */
  compare(): void;
}

/** Begin to watch. @param namespace other than the host's for tests. */
export function watchForeignChanges(listener: ForeignListener, namespace: NamespaceName = ''): ForeignWatch {
  using parts = new DisposableStack();
  const host = parts.use(new OpenNamespace(namespace));
  const own = ownProcess(host);
  const batch = (what: GatheredKind) => parts.use(new ForeignBatch(what, listener.change));
  const requesters = parts.use(new RequesterWatch());
  const witness: Witness = (message) => requesters.witness(message);
  const links = new LinkEvents({ interfaces: batch('interface'), routes: batch('route') }, listener.isOwn, witness);
  const onLoss = (): void => {
    requesters.forget();
    listener.loss();
  };
  const notifications = parts.use(listenToLinks(host, links, onLoss));
  parts.use(listenToRules(host, own, listener));
  const settings = parts.use(new SysctlEvents(host, own, batch('setting')));
  const legacy = parts.use(new LegacyEvents(host, listener.change));
  const compare = (): void => {
    settings.compare();
    legacy.compare();
  };
  const timer = setInterval(compare, INTERVAL).unref();
  parts.defer(() => clearInterval(timer));
  const beginning = setTimeout(() => {
    // Where one of them is not to be had, less is known of who it was.
    attempt(() => requesters.begin(notifications));
    attempt(() => legacy.begin(own));
  }, DELAY).unref();
  parts.defer(() => clearTimeout(beginning));
  const owned = parts.move();
  return {
    touch(entry) {
      if (entry.protocol !== 'netfilter') links.touch(entry);
      if (entry.protocol === 'sysctl' && entry.namespace === namespace) settings.touch(entry.key, entry.value);
    },
    compare,
    [Symbol.dispose]: () => owned.dispose(),
  };
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // Without BTF or BPF the kernel does not tell.
  }
}

/** Our own number as the kernel has it, which in a namespace of processes is another one than we know. */
function ownProcess(host: OpenNamespace): number {
  const [answer] = host.netfilter.execute('ask for the generation', nftMessage(nftType.getGeneration, 0, 'any'));
  return (answer && decodeGeneration(answer).processId) ?? process.pid;
}

/** Notifications of rtnetlink; what is there already is known first. */
function listenToLinks(host: OpenNamespace, links: LinkEvents, onLoss: () => void): NetlinkListener {
  const listening = host.enter(() => listenToNetlink('route', routingGroups, (message) => links.note(message), onLoss));
  for (const link of host.links()) links.see(link);
  for (const message of host.route.execute('list addresses', dumpAddressesMessage())) links.know(message);
  return listening;
}

/** Notifications of nftables, whose transactions say who made them. */
function listenToRules(host: OpenNamespace, own: number, { change, loss }: ForeignListener): Disposable {
  const rulesets = new RulesetChanges(own);
  const onMessage = (message: Message) => {
    const made = rulesets.note(message);
    if (made === undefined) return;
    const { processId, program } = made;
    const author = processId === undefined ? {} : authorOf(processId, program);
    change({ kind: 'foreign', ...made, ...author }, Date.now());
  };
  return host.enter(() => listenToNetlink('netfilter', [netfilterGroup.nftables], onMessage, loss));
}

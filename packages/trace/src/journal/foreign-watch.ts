import { readFileSync } from 'node:fs';
import { OpenNamespace } from '@fairlead/kernel';
import { listenToNetlink } from '@fairlead/kernel/tracing';
import {
  decodeAddress,
  decodeGeneration,
  decodeLinkDetails,
  type LinkDetails,
  type Message,
  type NamespaceName,
  netfilterGroup,
  nftMessage,
  nftType,
  routeGroup,
  routeMessage,
  type TranscriptEntry,
} from '@fairlead/netlink';
import type { ForeignEntry } from './journal-entry.ts';
import { LinkChanges } from './link-changes.ts';
import { RulesetChanges } from './ruleset-changes.ts';

/** Milliseconds after which what we did ourselves has been recorded: that is done when the kernel has answered. */
const SETTLED = 1500;

/** Who is told of what others do. */
export interface ForeignListener {
  /** @param time milliseconds since the epoch: of interfaces it is told a little later than it happens. */
  readonly change: (entry: ForeignEntry, time: number) => void;
  /** The kernel had no room for some notifications. */
  readonly loss: () => void;
  /** True for the alias of an interface that is ours. */
  readonly isOwn: (alias: string | undefined) => boolean;
}

/** Sees what other programs do to the host's firewall and to our interfaces in the host, until disposed of. */
export interface ForeignWatch extends Disposable {
  /** Say what we do ourselves, as it is done. */
  touch(entry: TranscriptEntry): void;
}

/** Begin to watch. @param namespace other than the host's for tests. */
export function watchForeignChanges(listener: ForeignListener, namespace: NamespaceName = ''): ForeignWatch {
  using parts = new DisposableStack();
  const host = parts.use(new OpenNamespace(namespace));
  const rulesets = new RulesetChanges(ownProcess(host));
  const links = new LinkChanges();
  const linkEvents = parts.use(new LinkEvents(links, listener));
  const onRules = (message: Message) => {
    const change = rulesets.note(message);
    if (change !== undefined) listener.change({ kind: 'foreign', ...change, ...commandOf(change) }, Date.now());
  };
  const groups = [routeGroup.link, routeGroup.ipv4Address, routeGroup.ipv6Address];
  const { nftables } = netfilterGroup;
  const listen = {
    route: () => listenToNetlink('route', groups, (message) => linkEvents.note(message), listener.loss),
    netfilter: () => listenToNetlink('netfilter', [nftables], onRules, listener.loss),
  };
  parts.use(host.enter(listen.route));
  parts.use(host.enter(listen.netfilter));
  for (const link of host.links()) linkEvents.see(link);
  const owned = parts.move();
  return {
    touch(entry) {
      if (entry.protocol !== 'netfilter') touch(links, entry);
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** Our own number as the kernel has it, which in a namespace of processes is another one than we know. */
function ownProcess(host: OpenNamespace): number {
  const [answer] = host.netfilter.execute('ask for the generation', nftMessage(nftType.getGeneration, 0, 'any'));
  return (answer && decodeGeneration(answer).processId) ?? process.pid;
}

/** The interfaces that an effect of ours names, by number or in words: `add link fl-web`. */
function touch(links: LinkChanges, entry: TranscriptEntry): void {
  const now = performance.now();
  for (const word of entry.operation.split(' ')) links.touch(word, now);
  if (entry.protocol === 'route') for (const name of entry.links.values()) links.touch(name, now);
  if (entry.operation.startsWith('remove ')) links.touchAll(now);
}

/** Notifications of rtnetlink about interfaces that are ours. */
class LinkEvents implements Disposable {
  readonly #changes: LinkChanges;
  readonly #listener: ForeignListener;
  readonly #names = new Map<number, string>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(changes: LinkChanges, listener: ForeignListener) {
    this.#changes = changes;
    this.#listener = listener;
  }

  see({ index, name, up, mtu, masterIndex: master, alias }: LinkDetails): void {
    if (!this.#listener.isOwn(alias)) return;
    this.#names.set(index, name);
    this.#tell(name, this.#changes.seen({ index, name, up, mtu, ...(master && { master }) }, performance.now()));
  }

  note(message: Message): void {
    const isOfBridge = message.body[0] !== 0;
    if (message.type === routeMessage.newLink && !isOfBridge) this.see(decodeLinkDetails(message));
    else if (message.type === routeMessage.deleteLink && !isOfBridge) this.#gone(decodeLinkDetails(message));
    else if (message.type === routeMessage.newAddress) this.#address(message, 'added');
    else if (message.type === routeMessage.deleteAddress) this.#address(message, 'removed');
  }

  #gone({ index, name }: LinkDetails): void {
    this.#names.delete(index);
    this.#tell(name, this.#changes.gone(index, performance.now()));
  }

  #address(message: Message, verb: 'added' | 'removed'): void {
    let link = 0;
    const linkName = (index: number) => {
      link = index;
      return this.#names.get(index);
    };
    const found = decodeAddress(message, '', { linkName });
    if (found !== undefined)
      this.#tell(found.link, this.#changes.address(link, found.address, verb, performance.now()));
  }

  #tell(link: string, changes: readonly string[]): void {
    if (changes.length === 0) return;
    const time = Date.now();
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (this.#changes.isOurs(link, performance.now())) return;
      for (const name of changes)
        this.#listener.change({ kind: 'foreign', what: 'interface', name, details: [] }, time);
    }, SETTLED).unref();
    this.#timers.add(timer);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }
}

/** What the process was called with, if it is still there and is the one that is meant. */
function commandOf({ program, processId }: { readonly program?: string; readonly processId?: number }) {
  if (processId === undefined) return {};
  try {
    if (readFileSync(`/proc/${processId}/comm`, 'utf8').trimEnd() !== program) return {};
    const command = readFileSync(`/proc/${processId}/cmdline`, 'utf8').replace(/\0+$/, '').replaceAll('\0', ' ');
    return command === '' ? {} : { command };
  } catch {
    // Gone by now, as most are.
    return {};
  }
}

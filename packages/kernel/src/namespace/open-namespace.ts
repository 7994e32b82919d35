import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import {
  decodeForwardingEntry,
  decodeLinkDetails,
  decodeLinkStatistics,
  dumpFdbMessage,
  dumpLinkStatisticsMessage,
  dumpLinksMessage,
  type ForwardingEntry,
  getLinkMessage,
  hasErrno,
  type LinkDetails,
  type LinkStatistics,
  linkIndexIn,
  type NamespaceName,
  NetlinkConnection,
} from '@fairlead/netlink';
import { type NetlinkProtocol, NetlinkSocket } from '../socket/netlink-socket.ts';
import { enterDescriptor, namespacePath } from './namespace.ts';

/** A protocol's socket and the conversation on it. */
interface Channel {
  readonly socket: NetlinkSocket;
  readonly connection: NetlinkConnection;
}

/** A namespace that is in use: its descriptor, its sockets and the indexes of its links, kept from one change to the next. */
export class OpenNamespace {
  readonly name: NamespaceName;
  readonly descriptor: number;
  readonly #inode: number;
  readonly #path: string;
  readonly #channels = new Map<NetlinkProtocol, Channel>();
  readonly #indexes = new Map<string, number>();

  /**
   * @param path where it is found, for one that is not pinned under its name: `/proc/PID/ns/net`.
   * @throws Error `ENOENT` when there is no such namespace.
   */
  constructor(name: NamespaceName, path: string = namespacePath(name)) {
    this.name = name;
    this.#path = path;
    this.descriptor = openSync(path, 'r');
    this.#inode = fstatSync(this.descriptor).ino;
  }

  /** False when the name means another namespace by now, or none. */
  get isCurrent(): boolean {
    return this.name === '' || statSync(this.#path, { throwIfNoEntry: false })?.ino === this.#inode;
  }

  /** The conversation with rtnetlink. */
  get route(): NetlinkConnection {
    return this.#channel('route').connection;
  }

  /** The conversation with nftables. One socket for ever, for it owns the protected tables. */
  get netfilter(): NetlinkConnection {
    return this.#channel('netfilter').connection;
  }

  /** The conversation about sockets. */
  get diagnosis(): NetlinkConnection {
    return this.#channel('diagnosis').connection;
  }

  /** Do synchronous work inside. */
  enter<T>(work: () => T): T {
    return this.#path === namespacePath('') ? work() : enterDescriptor(this.descriptor, work);
  }

  /** Use a socket that was opened in this namespace already. */
  adopt(protocol: NetlinkProtocol, socket: NetlinkSocket): void {
    this.#channels.set(protocol, { socket, connection: new NetlinkConnection(socket) });
  }

  /** Open a socket of its own for work off the main thread, where it must not mix with other conversations. */
  openSocket(protocol: NetlinkProtocol): NetlinkSocket {
    return this.enter(() => new NetlinkSocket(protocol));
  }

  /**
   * Index of a link, remembered until {@link forgetLink}.
   *
   * @throws NetlinkError `ENODEV` when there is none of that name.
   */
  linkIndex(name: string): number {
    const known = this.#indexes.get(name);
    if (known !== undefined) return known;
    const [answer] = this.route.execute(`find link ${name}`, getLinkMessage(name));
    const index = answer === undefined ? 0 : linkIndexIn(answer);
    this.#indexes.set(name, index);
    return index;
  }

  /** Forget the index of one link, or of all. */
  forgetLink(name?: string): void {
    if (name === undefined) this.#indexes.clear();
    else this.#indexes.delete(name);
  }

  /** All links as they are now. */
  links(statistics = false): LinkDetails[] {
    return this.route.execute('list links', dumpLinksMessage(statistics)).map(decodeLinkDetails);
  }

  /** One link as it is now, `undefined` when there is none of that name. */
  link(name: string): LinkDetails | undefined {
    try {
      const [answer] = this.route.execute(`find link ${name}`, getLinkMessage(name));
      return answer && decodeLinkDetails(answer);
    } catch (error) {
      if (hasErrno(error, 'ENODEV')) return undefined;
      throw error;
    }
  }

  /** The counters of all links, by index. */
  linkStatistics(): Map<number, LinkStatistics> {
    const answers = this.route.execute('read counters', dumpLinkStatisticsMessage()).map(decodeLinkStatistics);
    return new Map(answers.map(({ index, statistics }) => [index, statistics]));
  }

  /** Who is behind which port of which bridge, learnt or written. */
  forwardingEntries(): ForwardingEntry[] {
    return this.route
      .execute('list forwarding entries', dumpFdbMessage())
      .map(decodeForwardingEntry)
      .filter((entry) => entry !== undefined);
  }

  #channel(protocol: NetlinkProtocol): Channel {
    const open = this.#channels.get(protocol);
    if (open !== undefined) return open;
    const socket = this.openSocket(protocol);
    const channel = { socket, connection: new NetlinkConnection(socket) };
    this.#channels.set(protocol, channel);
    return channel;
  }

  [Symbol.dispose](): void {
    using parts = new DisposableStack();
    parts.defer(() => closeSync(this.descriptor));
    for (const { socket } of this.#channels.values()) parts.use(socket);
    this.#channels.clear();
  }
}

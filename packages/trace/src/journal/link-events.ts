import {
  decodeAddress,
  decodeLinkDetails,
  type LinkDetails,
  type Message,
  routeMessage,
  type TranscriptEntry,
} from '@fairlead/netlink';
import { decodeRoutingNews } from '@fairlead/netlink/routing-news';
import type { Author } from './author.ts';
import type { ForeignBatch } from './foreign-batch.ts';
import { LinkChanges } from './link-changes.ts';
import { OwnRoutes } from './own-routes.ts';

/** Where changes go, by what they are about. */
export interface LinkBatches {
  readonly interfaces: ForeignBatch;
  readonly routes: ForeignBatch;
}

/** Says who a notification is from: each is to be asked about, once, and may be answered later. */
export type Witness = (message: Message) => () => Author;

/** Notifications of rtnetlink: about interfaces that are ours, and about addresses, routes and rules of the host. */
export class LinkEvents {
  readonly #changes = new LinkChanges();
  readonly #routes = new OwnRoutes();
  readonly #batches: LinkBatches;
  readonly #isOwn: (alias: string | undefined) => boolean;
  readonly #witness: Witness;
  readonly #names = new Map<number, string>();

  constructor(batches: LinkBatches, isOwn: (alias: string | undefined) => boolean, witness: Witness) {
    this.#batches = batches;
    this.#isOwn = isOwn;
    this.#witness = witness;
  }

  /** An interface, as it is. @param author who made it so. */
  see({ index, name, up, mtu, masterIndex: master, alias }: LinkDetails, author: () => Author = () => ({})): void {
    this.#names.set(index, name);
    if (!this.#isOwn(alias)) return;
    const state = { index, name, up, mtu, ...(master && { master }) };
    this.#tell(name, this.#changes.seen(state, performance.now()), author);
  }

  /** An address that is there to begin with. */
  know(message: Message): void {
    const found = this.#addressIn(message);
    if (found !== undefined) this.#changes.knowAddress(found.index, found.address);
  }

  /** We do something ourselves: it names interfaces by number or in words, `add link fl-web`, and routes as objects. */
  touch(entry: TranscriptEntry): void {
    const now = performance.now();
    for (const word of entry.operation.split(' ')) this.#changes.touch(word, now);
    if (entry.protocol === 'route') for (const name of entry.links.values()) this.#changes.touch(name, now);
    if (entry.operation.startsWith('remove ')) this.#changes.touchAll(now);
    this.#routes.touch(entry, now);
  }

  /** Take a notification. */
  note(message: Message): void {
    const { type, body } = message;
    const author = this.#witness(message);
    switch (type) {
      case routeMessage.newLink:
        if (body[0] === 0) this.see(decodeLinkDetails(message), author);
        return;
      case routeMessage.deleteLink:
        if (body[0] === 0) this.#gone(decodeLinkDetails(message), author);
        return;
      case routeMessage.newAddress:
      case routeMessage.deleteAddress:
        this.#address(message, type === routeMessage.newAddress ? 'added' : 'removed', author);
        return;
      default:
        this.#routing(message, author);
    }
  }

  #gone({ index, name }: LinkDetails, author: () => Author): void {
    this.#names.delete(index);
    this.#tell(name, this.#changes.gone(index, performance.now()), author);
  }

  #address(message: Message, verb: 'added' | 'removed', author: () => Author): void {
    const found = this.#addressIn(message);
    if (found === undefined) return;
    const changes = this.#changes.address(found, found.address, verb, performance.now());
    if (changes.length > 0) this.#tell(found.name, changes, author);
  }

  #addressIn(message: Message): { index: number; name: string; address: string } | undefined {
    let index = 0;
    const linkName = (link: number) => {
      index = link;
      return this.#names.get(link);
    };
    const found = decodeAddress(message, '', { linkName });
    return found && { index, name: found.link, address: found.address };
  }

  #routing(message: Message, author: () => Author): void {
    const news = decodeRoutingNews(message, (index) => this.#names.get(index));
    if (news === undefined) return;
    const { what, verb, destination, link } = news;
    const isOurs = () => {
      const now = performance.now();
      return this.#routes.isOurs(destination, now) || (link !== undefined && this.#changes.isOurs(link, now));
    };
    if (isOurs()) return;
    this.#batches.routes.add({
      text: `${what} ${verb}`,
      time: Date.now(),
      author: author(),
      isMoot: isOurs,
    });
  }

  #tell(link: string, changes: readonly string[], witness: () => Author): void {
    if (changes.length === 0) return;
    const author = witness();
    const isMoot = () => this.#changes.isOurs(link, performance.now());
    for (const text of changes) this.#batches.interfaces.add({ text, time: Date.now(), author, isMoot });
  }
}

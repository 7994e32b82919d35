import { aftermath, OwnTouches } from './own-touches.ts';

/** What of an interface others could change. */
export interface LinkState {
  readonly index: number;
  readonly name: string;
  readonly up: boolean;
  /** Bytes. */
  readonly mtu: number;
  /** Index of the bridge that it is in. */
  readonly master?: number;
}

/**
 * Finds out what others do to interfaces that are ours, and to the addresses of all. What we have not just touched ourselves
 * was somebody else.
 */
export class LinkChanges {
  readonly #links = new Map<number, LinkState>();
  readonly #touched = new OwnTouches<string>();
  /** Addresses by the index of their interface: a lifetime that is renewed is told by the kernel like a new one. */
  readonly #addresses = new Set<string>();
  #endedAt = Number.NEGATIVE_INFINITY;

  /** We are changing an interface, by its name. @param now milliseconds, of any clock that goes on. */
  touch(name: string, now: number): void {
    this.#touched.add(name, now);
  }

  /** We let a namespace go: cables that lead into it go with it, when the kernel comes to it. */
  touchAll(now: number): void {
    this.#endedAt = now;
  }

  /** An interface of ours, as it is now. @returns what somebody else did to it. */
  seen(link: LinkState, now: number): string[] {
    const before = this.#links.get(link.index);
    this.#links.set(link.index, link);
    if (before === undefined || this.isOurs(link.name, now) || this.isOurs(before.name, now)) return [];
    const { name } = link;
    return [
      ...(before.name === name ? [] : [`${before.name} renamed to ${name}`]),
      ...(before.up === link.up ? [] : [`${name} set ${link.up ? 'up' : 'down'}`]),
      ...(before.mtu === link.mtu ? [] : [`${name}: MTU ${before.mtu} changed to ${link.mtu}`]),
      ...(before.master === link.master
        ? []
        : [`${name} ${link.master === undefined ? 'taken out of its bridge' : 'put into another bridge'}`]),
    ];
  }

  /** An interface is gone. @returns what somebody else did to it. */
  gone(index: number, now: number): string[] {
    const before = this.#links.get(index);
    this.#links.delete(index);
    if (before === undefined || this.isOurs(before.name, now) || now - this.#endedAt < aftermath) return [];
    return [`${before.name} removed`];
  }

  /** An address that is there to begin with. */
  knowAddress(index: number, address: string): void {
    this.#addresses.add(`${index} ${address}`);
  }

  /** An address of an interface came or went. @returns what somebody else did. */
  address(link: Pick<LinkState, 'index' | 'name'>, address: string, verb: 'added' | 'removed', now: number): string[] {
    const known = `${link.index} ${address}`;
    const isNews = verb === 'removed' || !this.#addresses.has(known);
    if (verb === 'added') this.#addresses.add(known);
    else this.#addresses.delete(known);
    // The kernel gives and takes these itself.
    if (!isNews || address.startsWith('fe80:') || this.isOurs(link.name, now)) return [];
    return [`${link.name}: address ${address} ${verb}`];
  }

  /** True for an interface that we have just touched. */
  isOurs(name: string, now: number): boolean {
    return this.#touched.has(name, now);
  }
}

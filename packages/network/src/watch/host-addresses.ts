import { addressOf, type IpAddress, isLoopback, type Logger, messageOf } from '@fairlead/base';
import { isOwnAlias } from '@fairlead/drivers';
import { hostAddressElement } from '@fairlead/firewall';
import type { Change, ElementObject, KernelObject } from '@fairlead/netlink';
import type { News } from '@fairlead/netlink/news';
import { bridgeAddresses } from '../kernel/fragment.ts';
import type { KernelPort } from '../kernel-port.ts';
import type { Network } from '../model.ts';

/** What is changed. */
export interface HostAddressesParts {
  readonly state: { readonly networks: Iterable<Network> };
  readonly kernel: Pick<KernelPort, 'observe' | 'apply'>;
  readonly logger: Logger;
  /** Told when the table may not be as it should: {@link HostAddresses.review} is to be tried again. */
  readonly onFailure: () => void;
}

/**
 * What the host's table is to know of the host's own addresses, but for those that it has on networks of ours: they are
 * seldom asked for.
 *
 * @param host its links and addresses as they are.
 */
export function hostAddressElements(networks: Iterable<Network>, host: readonly KernelObject[]): ElementObject[] {
  return [...namedAddresses(networks, host)].map(hostAddressElement);
}

function namedAddresses(networks: Iterable<Network>, host: readonly KernelObject[]): ReadonlySet<IpAddress> {
  const ours = new Set(host.flatMap((link) => (link.kind === 'link' && isOwnAlias(link.alias) ? [link.name] : [])));
  const own = ownAddresses(networks);
  const others = host.flatMap((object) => {
    if (object.kind !== 'address' || ours.has(object.link)) return [];
    const address = addressOf(object.address);
    return isMeant(address) && !own.has(address) ? [address] : [];
  });
  return new Set(others);
}

/** Addresses that the host has on networks of ours, by bridges and beside containers on a parent. */
function ownAddresses(networks: Iterable<Network>): ReadonlySet<IpAddress> {
  return new Set(
    [...networks].flatMap((network) => [
      ...bridgeAddresses(network).map(addressOf),
      ...(network.parent?.host?.addresses ?? []),
    ]),
  );
}

/** Loopback is for the host alone, and what is of one link the kernel does not forward. */
function isMeant(address: IpAddress): boolean {
  return !isLoopback(address) && !address.startsWith('fe80:');
}

/**
 * Tells the host's table which addresses the host has, so that a packet for a published port is not looked for among all
 * routes. One that it is not told of is found there all the same; one that the host has no more must go at once.
 */
export class HostAddresses {
  readonly #parts: HostAddressesParts;
  /** What is in the table, as far as it could be changed. */
  #known: ReadonlySet<IpAddress> = new Set();

  constructor(parts: HostAddressesParts) {
    this.#parts = parts;
  }

  /** {@link hostAddressElements}, which whoever asks has to see to. @param host its links and addresses as they are. */
  elements(host: readonly KernelObject[]): ElementObject[] {
    this.#known = namedAddresses(this.#parts.state.networks, host);
    return [...this.#known].map(hostAddressElement);
  }

  /** Something has happened in the host's namespace. */
  notice(news: News): void {
    if (news.kind === 'address' && this.#known.has(news.address)) void this.#change([], [news.address]);
    if (news.kind === 'address-added' && this.#isNew(news.address)) void this.#change([news.address], []);
  }

  /** What came and went while nobody listened. Never rejects. */
  async review(): Promise<void> {
    const { state, kernel, logger, onFailure } = this.#parts;
    try {
      const now = namedAddresses(state.networks, kernel.observe('', ['link', 'address']));
      await this.#change(now.difference(this.#known), this.#known.difference(now));
    } catch (error) {
      logger.error('addresses of the host not looked at', { error: messageOf(error) });
      onFailure();
    }
  }

  #isNew(address: IpAddress): boolean {
    return isMeant(address) && !this.#known.has(address) && !ownAddresses(this.#parts.state.networks).has(address);
  }

  /** Never rejects. */
  async #change(cameNow: Iterable<IpAddress>, goneNow: Iterable<IpAddress>): Promise<void> {
    const { kernel, logger, onFailure } = this.#parts;
    const [came, gone] = [new Set(cameNow), new Set(goneNow)];
    if (came.size + gone.size === 0) return;
    this.#known = this.#known.union(came).difference(gone);
    try {
      await kernel.apply([...changes('add', came), ...changes('remove', gone)]);
    } catch (error) {
      // The table is as it was.
      this.#known = this.#known.union(gone).difference(came);
      const addresses = [...came, ...gone];
      logger.error('addresses of the host not told to the firewall', { addresses, error: messageOf(error) });
      onFailure();
    }
  }
}

function changes(action: 'add' | 'remove', addresses: Iterable<IpAddress>): Change[] {
  return [...addresses].map((address) => ({ action, object: hostAddressElement(address) }));
}

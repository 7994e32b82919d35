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
    if (news.kind === 'address' && this.#known.has(news.address)) void this.#change('remove', news.address);
    if (news.kind === 'address-added' && this.#isNew(news.address)) void this.#change('add', news.address);
  }

  /** What came and went before anybody listened. Never rejects. */
  async review(): Promise<void> {
    const { kernel, logger } = this.#parts;
    try {
      const before = this.#known;
      this.elements(kernel.observe('', ['link', 'address']));
      const [came, gone] = [this.#known.difference(before), before.difference(this.#known)];
      if (came.size + gone.size > 0) await kernel.apply([...changes('add', came), ...changes('remove', gone)]);
    } catch (error) {
      logger.error('addresses of the host not looked at', { error: messageOf(error) });
    }
  }

  #isNew(address: IpAddress): boolean {
    return isMeant(address) && !this.#known.has(address) && !ownAddresses(this.#parts.state.networks).has(address);
  }

  async #change(action: 'add' | 'remove', address: IpAddress): Promise<void> {
    const { kernel, logger } = this.#parts;
    const rest = [...this.#known].filter((known) => known !== address);
    this.#known = new Set(action === 'add' ? [...rest, address] : rest);
    try {
      await kernel.apply(changes(action, [address]));
    } catch (error) {
      logger.error('address of the host not told to the firewall', { address, error: messageOf(error) });
    }
  }
}

function changes(action: 'add' | 'remove', addresses: Iterable<IpAddress>): Change[] {
  return [...addresses].map((address) => ({ action, object: hostAddressElement(address) }));
}

import {
  addressOf,
  familyOf,
  type InterfaceAddress,
  type IpAddress,
  type Logger,
  type MacAddress,
  messageOf,
} from '@fairlead/base';
import { senderOf } from '@fairlead/base/frame';
import type { News } from '@fairlead/netlink/news';
import type { EndpointTable } from '../endpoint/endpoint-table.ts';
import { bridgeAddresses } from '../kernel/fragment.ts';
import type { KernelPort } from '../kernel-port.ts';
import { isLan } from '../lan/lan-network.ts';
import type { LanPort } from '../lan/lan-port.ts';
import type { Network } from '../model.ts';
import type { Claim } from '../watch/claim.ts';

/** Milliseconds until bridges are looked at that have come or changed: nobody waits for it. */
const PAUSE = 200;

/** Milliseconds until a bridge is tried again that is not there: self-repair may be at it. */
const AGAIN = 1_000;

/** Milliseconds for which nobody is listened to who has just been heard: he may go on for ever. */
const HEARD = 60_000;

/** So long after somebody was heard to use a gateway's address it is spoken of, and not told anew, in milliseconds. */
const RECENT = 3_600_000;

/** What is needed to hear of those who use an address; loaded with the first bridge. */
export type ClaimAccess = () => Promise<Pick<LanPort, 'watch'>>;

/** What {@link GatewayWatch} works with. */
export interface GatewayWatchParts {
  readonly state: { readonly networks: Iterable<Network>; readonly endpoints: Pick<EndpointTable, 'onNetwork'> };
  readonly kernel: Pick<KernelPort, 'observe'>;
  /** Absent where nobody can listen. */
  readonly access: ClaimAccess | undefined;
  readonly logger: Logger;
  /** Told of what begins, for the journal. */
  readonly onClaim?: ((claim: Claim) => void) | undefined;
}

/** A gateway's address on its bridge. */
interface Gateway {
  readonly network: Network;
  readonly bridge: string;
  readonly address: IpAddress;
}

/** Somebody who was heard to use it. */
interface Contest {
  readonly text: string;
  readonly network: string;
  readonly at: number;
}

/**
 * Somebody on a network's bridge, a container or a guest of others, who takes the gateway's address for his own is heard by
 * his ARP, and told of. The kernel answers for the address all the same, but tells nobody: neighbours believe whoever they
 * heard last. ARP has an Ethernet type of its own, so that listening costs what these frames cost. Neighbour discovery has
 * IPv6's: every packet would be copied for who listens. There the doctor asks.
 */
export class GatewayWatch implements Disposable {
  readonly #parts: GatewayWatchParts;
  /** Ears, or what waits until there is one again, by bridge and address. */
  readonly #ears = new Map<string, Disposable>();
  readonly #contests = new Map<string, Contest>();
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(parts: GatewayWatchParts) {
    this.#parts = parts;
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    for (const ear of this.#ears.values()) ear[Symbol.dispose]();
    this.#ears.clear();
  }

  /** A bridge that is made anew has to be listened to anew. */
  notice(news: News): void {
    if (news.kind !== 'link' || news.how !== 'removed') return;
    const isOn = (key: string) => key.startsWith(`${news.name} `);
    const lost = [...this.#ears.keys()].filter(isOn);
    for (const key of lost) this.#drop(key);
    if (lost.length > 0) this.review();
  }

  /** Networks have come or changed: their bridges are listened to in a moment. */
  review(): void {
    if (this.#ended || this.#parts.access === undefined) return;
    this.#timer ??= setTimeout(() => void this.#listen(), PAUSE).unref();
  }

  /** What there is to say of a network, a sentence each. @param now milliseconds since the epoch. */
  texts({ id }: Pick<Network, 'id'>, now: number = Date.now()): string[] {
    const known = [...this.#contests.values()].filter(({ network, at }) => network === id && now - at <= RECENT);
    return known.map(({ text }) => text);
  }

  async #listen(): Promise<void> {
    this.#timer = undefined;
    const { logger, state, access } = this.#parts;
    try {
      const gateways = new Map(
        [...state.networks].flatMap(gatewaysOf).map((gateway) => [`${gateway.bridge} ${gateway.address}`, gateway]),
      );
      for (const key of this.#ears.keys()) if (!gateways.has(key)) this.#drop(key);
      const missing = [...gateways].filter(([key]) => !this.#ears.has(key));
      if (missing.length === 0 || access === undefined) return;
      const { watch } = await access();
      const macs = this.#macs();
      for (const [key, gateway] of missing) if (!this.#ended) this.#open(key, gateway, watch, macs.get(gateway.bridge));
    } catch (error) {
      logger.error('gateways not listened for', { error: messageOf(error) });
    }
  }

  #macs(): ReadonlyMap<string, MacAddress> {
    const links = this.#parts.kernel.observe('', ['link']);
    return new Map(links.flatMap((link) => (link.kind === 'link' && link.mac ? [[link.name, link.mac]] : [])));
  }

  #open(key: string, gateway: Gateway, watch: LanPort['watch'], mac: MacAddress | undefined): void {
    this.#drop(key);
    try {
      if (mac === undefined) throw new Error(`no such bridge: ${gateway.bridge}`);
      const { bridge, address } = gateway;
      const onFrame = (frame: Uint8Array) => this.#hear(key, gateway, senderOf(frame));
      this.#ears.set(key, watch('', bridge, { address, mac }, onFrame));
    } catch (error) {
      this.#parts.logger.debug('gateway not listened for', { gateway: key, error: messageOf(error) });
      this.#pause(key, AGAIN);
    }
  }

  /** Somebody else says that he has the address. */
  #hear(key: string, { network, bridge, address }: Gateway, mac: MacAddress): void {
    const { state, logger, onClaim } = this.#parts;
    this.#pause(key, HEARD);
    const owner = state.endpoints.onNetwork(network.id).find((endpoint) => endpoint.mac === mac)?.ownerName;
    const who = owner === undefined ? `the machine ${mac}` : `the container ${owner} (${mac})`;
    const text =
      `${address}, the gateway of ${network.name}, is also used by ${who} on ${bridge}: ` +
      'what containers send out may end there';
    const [contest, now] = [`${network.id} ${address} ${mac}`, Date.now()];
    // A hardware address can be another one each time.
    for (const [key, { at }] of this.#contests) if (now - at > RECENT) this.#contests.delete(key);
    const isKnown = this.#contests.has(contest);
    this.#contests.set(contest, { text, network: network.id, at: now });
    if (isKnown) return;
    logger.warn('somebody else uses the address of a gateway', {
      network: network.name,
      address,
      mac,
      container: owner,
    });
    onClaim?.({
      machine: mac,
      name: `uses ${address}, the gateway of network ${network.name}`,
      details: [
        owner === undefined ? 'it is nobody of this engine' : `it is the container ${owner}`,
        'what containers send out may end there',
        `find it (fairlead network fdb ${network.name}) and give it another address`,
      ],
    });
  }

  /** Nothing is listened to for a while. */
  #pause(key: string, milliseconds: number): void {
    this.#drop(key);
    const again = () => {
      this.#drop(key);
      this.review();
    };
    const timer = setTimeout(again, milliseconds).unref();
    this.#ears.set(key, { [Symbol.dispose]: () => clearTimeout(timer) });
  }

  #drop(key: string): void {
    this.#ears.get(key)?.[Symbol.dispose]();
    this.#ears.delete(key);
  }
}

/** The host's own IPv4 addresses on the bridge of a network. */
function gatewaysOf(network: Network): Gateway[] {
  const bridge = network.bridge?.name;
  if (bridge === undefined || isLan(network)) return [];
  const addresses = bridgeAddresses(network).map((own: InterfaceAddress) => addressOf(own));
  return addresses.filter((address) => familyOf(address) === 4).map((address) => ({ network, bridge, address }));
}

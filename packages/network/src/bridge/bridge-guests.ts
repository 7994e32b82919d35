import { addressOf, type IpAddress, type Logger, messageOf } from '@fairlead/base';
import { isOwnAlias } from '@fairlead/drivers';
import type { News } from '@fairlead/netlink/news';
import type { Company } from '../address/company.ts';
import type { EndpointTable } from '../endpoint/endpoint-table.ts';
import { bridgeAddresses } from '../kernel/fragment.ts';
import type { BridgeGuest, KernelPort, PortName } from '../kernel-port.ts';
import { isLan } from '../lan/lan-network.ts';
import type { Network } from '../model.ts';
import type { Claim } from '../watch/claim.ts';
import type { GatewayWatch } from './gateway-watch.ts';
import { type IsShared, sharing, sharingClaim } from './shared-bridges.ts';

/** Milliseconds from the first news to a look: who plugs a container in does so in several steps. */
const PAUSE = 100;

/** What is looked at. */
export interface BridgeGuestsParts {
  /** As they are at each moment. */
  readonly state: {
    readonly networks: Iterable<Network>;
    readonly endpoints: Pick<EndpointTable, 'onNetwork' | 'behind'>;
  };
  readonly kernel: Pick<KernelPort, 'observe' | 'bridgeGuests'>;
  readonly isShared: IsShared;
  /** Hears of those whom the kernel does not know. */
  readonly gateways: Pick<GatewayWatch, 'notice' | 'review' | 'texts'> & Disposable;
  readonly logger: Logger;
  /** Told of what begins, for the journal. */
  readonly onClaim?: ((claim: Claim) => void) | undefined;
}

/** An address that a container of ours, or the host as the gateway, and somebody else have on one bridge. */
interface Clash {
  readonly address: IpAddress;
  readonly port: string;
  /** `the address of web` or `the gateway’s address`. */
  readonly whose: string;
  /** Absent for the gateway. */
  readonly ownerName?: string;
}

/**
 * Others on the bridges of networks: another engine that takes one for its own, virtual machines that are plugged into it.
 * What they use is given to nobody, and what is used twice is told of.
 */
export class BridgeGuests implements Disposable {
  readonly #parts: BridgeGuestsParts;
  /** Bridges that others are on, as of the last look; absent before the first. */
  #visited: ReadonlySet<string> | undefined;
  #told: ReadonlySet<string> = new Set();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: BridgeGuestsParts) {
    this.#parts = parts;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#parts.gateways[Symbol.dispose]();
  }

  /** Something has happened in the host's namespace. */
  notice(news: News): void {
    this.#parts.gateways.notice(news);
    if (news.kind === 'port' && this.#isForeign(news)) {
      this.#timer ??= setTimeout(() => this.review(), PAUSE).unref();
    }
  }

  /** Whom a network's addresses are shared with now. */
  companyOf({ bridge }: Network): Company {
    if (bridge === undefined) return {};
    this.#visited ??= this.#look();
    if (!this.#visited.has(bridge.name)) return {};
    const all = this.#guestsOn(bridge.name);
    const addresses = (stale: boolean) =>
      new Set(all.filter(({ isStale = false }) => isStale === stale).map(({ address }) => address));
    return { guests: addresses(false), kept: addresses(true), fromEnd: this.#parts.isShared(bridge.name) };
  }

  /** What there is to say of others on the bridge of a network, a sentence each: another engine, addresses used twice. */
  sharing(network: Network): { readonly engines: string[]; readonly clashes: string[] } {
    return {
      engines: sharing(network, this.#parts.isShared),
      clashes: [...this.#clashTexts(network), ...this.#parts.gateways.texts(network)],
    };
  }

  #clashTexts(network: Network): string[] {
    return this.#clashesOn(network).map(
      ({ address, port, whose }) =>
        `${address}, ${whose}, is also used by somebody behind ${port} on ${network.bridge?.name}: ` +
        'packets for it reach now the one and now the other',
    );
  }

  /** Look again where somebody has looked before: the first look comes when the host is followed. Never throws. */
  reviewAgain(): void {
    if (this.#visited !== undefined) this.review();
  }

  /** Look who is on the bridges, and say what is new. Never throws. */
  review(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#parts.gateways.review();
    try {
      this.#visited = this.#look();
      const before = this.#told;
      const told = new Set<string>();
      for (const network of this.#parts.state.networks) {
        this.#tellSharing(network, before, told);
        this.#tellClashes(network, before, told);
      }
      this.#told = told;
    } catch (error) {
      this.#parts.logger.error('others on bridges not looked for', { error: messageOf(error) });
    }
  }

  #tellSharing(network: Network, before: ReadonlySet<string>, told: Set<string>): void {
    const { isShared, logger, onClaim } = this.#parts;
    for (const meaning of sharing(network, isShared)) {
      told.add(network.id);
      if (before.has(network.id)) continue;
      logger.warn('another engine uses a bridge of ours', { network: network.name, meaning });
      onClaim?.(sharingClaim(network));
    }
  }

  #tellClashes(network: Network, before: ReadonlySet<string>, told: Set<string>): void {
    const { logger, onClaim } = this.#parts;
    for (const { address, port, whose, ownerName } of this.#clashesOn(network)) {
      const key = `${network.id} ${address} ${port}`;
      told.add(key);
      if (before.has(key)) continue;
      const details = { network: network.name, ...(ownerName && { container: ownerName }), address, port };
      logger.warn(
        `somebody else uses ${ownerName ? 'the address of a container' : 'the gateway’s address'} on the same bridge`,
        details,
      );
      onClaim?.({
        name: `uses ${address}, ${whose} on network ${network.name}, behind ${port}`,
        details: [
          'packets for it reach now the one and now the other',
          ownerName === undefined
            ? 'give it another one'
            : `give one of them another: start ${ownerName} anew, and it gets one that nobody uses`,
        ],
      });
    }
  }

  #clashesOn(network: Network): Clash[] {
    const { state } = this.#parts;
    const { bridge, id } = network;
    this.#visited ??= this.#look();
    if (bridge === undefined || !this.#visited.has(bridge.name)) return [];
    const owners = new Map<IpAddress | undefined, Pick<Clash, 'whose' | 'ownerName'>>(
      bridgeAddresses(network).map((own) => [addressOf(own), { whose: 'the gateway’s address' }]),
    );
    for (const { ipv4, ipv6, ownerName } of state.endpoints.onNetwork(id)) {
      for (const address of [ipv4, ipv6]) owners.set(address, { whose: `the address of ${ownerName}`, ownerName });
    }
    return this.#guestsOn(bridge.name).flatMap(({ port, address, isStale }) => {
      const owner = isStale ? undefined : owners.get(address);
      return owner === undefined ? [] : [{ port, address, ...owner }];
    });
  }

  /** What cannot be found out about others keeps nobody of ours from starting. */
  #guestsOn(bridge: string): readonly BridgeGuest[] {
    const { kernel, logger } = this.#parts;
    try {
      return kernel.bridgeGuests(bridge, (port) => this.#isForeign(port));
    } catch (error) {
      logger.warn('others on a bridge not seen', { bridge, error: messageOf(error) });
      return [];
    }
  }

  /** Addresses of a LAN are given by the LAN, whoever is on the bridge. */
  #look(): ReadonlySet<string> {
    const { state, kernel, isShared } = this.#parts;
    const masters = kernel.observe('', ['link']).flatMap((link) => {
      return link.kind === 'link' && link.master !== undefined && this.#isForeign(link) ? [link.master] : [];
    });
    const plugged = new Set(masters);
    const bridges = Iterator.from(state.networks).flatMap((network) => {
      return network.bridge === undefined || isLan(network) ? [] : [network.bridge.name];
    });
    return new Set(bridges.filter((bridge) => plugged.has(bridge) || isShared(bridge)));
  }

  #isForeign({ name, alias }: PortName): boolean {
    return !isOwnAlias(alias) && this.#parts.state.endpoints.behind(name) === undefined;
  }
}

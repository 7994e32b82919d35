import { type Logger, messageOf, parsePrefix } from '@fairlead/base';
import { isOwnAlias } from '@fairlead/drivers';
import { segmentFitting } from '@fairlead/firewall';
import type { ElementObject, KernelObject, LinkObject, RouteObject } from '@fairlead/netlink';
import type { News } from '@fairlead/netlink/news';
import type { EndpointTable } from '../endpoint/endpoint-table.ts';
import type { KernelPort } from '../kernel-port.ts';
import { isLan } from '../lan/lan-network.ts';
import type { Network } from '../model.ts';

/** Milliseconds until TCP segments are fitted after a narrow way has come. */
const SOON = 1;

/** Milliseconds until they no longer are after it has gone: a needless look for the way back harms nobody. */
const LATER = 1_000;

/**
 * The route that a router of IPv6 announces, and with it how wide the way is: the kernel notes that after it has told of the
 * route (net/ipv6/ndisc.c, ndisc_router_discovery).
 */
const ANNOUNCED = parsePrefix('::/0');

/** What is looked at, and changed. */
export interface SegmentFittingParts {
  /** What is wanted, as it is at each moment. */
  readonly state: { readonly networks: Iterable<Network>; readonly endpoints: Pick<EndpointTable, 'behind'> };
  readonly kernel: Pick<KernelPort, 'observe' | 'apply'>;
  readonly logger: Logger;
  /** Told when the table may not be as it should: {@link SegmentFitting.review} is to be tried again. */
  readonly onFailure: () => void;
}

/**
 * What the host's table must hold so that TCP segments of containers fit the ways out of the host.
 *
 * @param host its links and routes as they are.
 */
export function fittingElements(networks: Iterable<Network>, host: readonly KernelObject[]): ElementObject[] {
  return narrowWays(host, widestBridge(networks)).length > 0 ? [segmentFitting] : [];
}

/** Bytes of the largest packet that a container of a network can send out; 0 where there is none that can. */
function widestBridge(networks: Iterable<Network>): number {
  const routed = [...networks].filter((network) => !network.internal && !isLan(network));
  return Math.max(0, ...routed.map(({ bridge }) => bridge?.mtu ?? 0));
}

/** Links and routes that take less than so many bytes. Ports of bridges are no ways out, nor is what is ours. */
function narrowWays(host: readonly KernelObject[], bytes: number): (LinkObject | RouteObject)[] {
  const bridges = new Set(
    host.flatMap((object) => (object.kind === 'link' && object.type.kind === 'bridge' ? [object.name] : [])),
  );
  return host.filter((object): object is LinkObject | RouteObject => {
    if (object.kind !== 'link' && object.kind !== 'route') return false;
    if (object.mtu === undefined || object.mtu >= bytes) return false;
    if (object.kind === 'route') return true;
    return object.up && !isOwnAlias(object.alias) && !bridges.has(object.master ?? '');
  });
}

/**
 * Has the host's table fit the segments of containers while a way out is narrower than a bridge, a VPN's for one. Nobody else
 * has to pay for it. Nothing is looked at unless something has come that may change it.
 */
export class SegmentFitting implements Disposable {
  readonly #parts: SegmentFittingParts;
  /** Of the bridges, when somebody looked last. */
  #widest = 0;
  /** What was narrow then. */
  #narrow: readonly (LinkObject | RouteObject)[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: SegmentFittingParts) {
    this.#parts = parts;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  get #fits(): boolean {
    return this.#narrow.length > 0;
  }

  /** {@link fittingElements}, which whoever asks has to see to. @param host its links and routes as they are. */
  elements(host: readonly KernelObject[]): ElementObject[] {
    const { networks } = this.#parts.state;
    this.#widest = widestBridge(networks);
    this.#narrow = narrowWays(host, this.#widest);
    return this.#fits ? [segmentFitting] : [];
  }

  /** Something has happened in the host's namespace. */
  notice(news: News): void {
    if (this.#fits ? this.#mayWiden(news) : this.#narrows(news))
      this.#timer ??= setTimeout(() => void this.review(), this.#fits ? LATER : SOON).unref();
  }

  /** Networks have come or changed. */
  follow(): void {
    if (widestBridge(this.#parts.state.networks) !== this.#widest) void this.review();
  }

  /** Look at the ways out, and have segments fitted or not. Never rejects. */
  async review(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { kernel, logger, onFailure } = this.#parts;
    const [before, narrow] = [this.#fits, this.#narrow];
    try {
      const fits = this.elements(kernel.observe('', ['link', 'route'])).length > 0;
      if (fits !== before) await kernel.apply([{ action: fits ? 'add' : 'remove', object: segmentFitting }]);
    } catch (error) {
      // The table is as it was.
      this.#narrow = narrow;
      logger.error('ways out not looked at', { error: messageOf(error) });
      onFailure();
    }
  }

  #narrows(news: News): boolean {
    if (news.kind === 'route-added') return news.destination === ANNOUNCED || (news.mtu ?? this.#widest) < this.#widest;
    if (news.kind !== 'link-up' && news.kind !== 'port') return false;
    return news.mtu < this.#widest && this.#parts.state.endpoints.behind(news.name) === undefined;
  }

  /** Links and routes come and go all the time: only those count for which segments are fitted. */
  #mayWiden(news: News): boolean {
    switch (news.kind) {
      case 'link':
        // The kernel does not tell of routes that go with their link.
        return this.#narrow.some((way) => (way.kind === 'link' ? way.name : way.link) === news.name);
      case 'link-up':
        return news.mtu >= this.#widest && this.#narrow.some((way) => way.kind === 'link' && way.name === news.name);
      case 'route-added':
        // In place of one that was narrow.
        return this.#narrow.some((way) => way.kind === 'route' && way.destination === news.destination);
      case 'route':
      case 'policy':
        return this.#narrow.some((way) => way.kind === 'route');
      default:
        return false;
    }
  }
}

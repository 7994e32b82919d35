import { type Logger, messageOf, prefixLength } from '@fairlead/base';
import type { News } from '@fairlead/netlink/news';
import { isAbout, overlapRoute, overlapText, type RouteOverlap, routeOverlaps } from '@fairlead/netlink/overlap';
import type { KernelPort } from '../kernel-port.ts';
import type { Network } from '../model.ts';

/** Milliseconds from the first news to a look: a VPN brings its routes together. */
const PAUSE = 100;

/** What is looked at. */
export interface RouteWatchParts {
  /** As they are at each moment. */
  readonly networks: Iterable<Network>;
  readonly kernel: Pick<KernelPort, 'observe'>;
  readonly logger: Logger;
}

/**
 * Says when somebody else's route leads away with addresses of a network, as a VPN's that comes up late, and when that is
 * over. Nothing is looked at unless something has come that concerns us.
 */
export class RouteWatch implements Disposable {
  readonly #parts: RouteWatchParts;
  #known: ReadonlyMap<string, FoundOverlap> = new Map();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: RouteWatchParts) {
    this.#parts = parts;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  /** Something has happened in the host's namespace. */
  notice(news: News): void {
    if (this.#concerns(news)) this.#timer ??= setTimeout(() => this.review(), PAUSE).unref();
  }

  /** Compare the routes that there are with the networks, and say what is new. Never throws. */
  review(): void {
    this.#timer = undefined;
    const { networks, logger } = this.#parts;
    try {
      const before = this.#known;
      this.#known = new Map(foundOverlaps(this.#parts).map((found) => [keyOf(found), found]));
      for (const [key, { network, overlap }] of this.#known) {
        if (before.has(key)) continue;
        const advice = 'fairlead doctor says what can be done';
        logger.warn('a route leads away with addresses of a network', {
          ...{ network: network.name, route: overlapRoute(overlap) },
          ...{ overlap: overlapText(network.name, overlap), advice },
        });
      }
      const present = new Set([...networks].map(({ id }) => id));
      for (const [key, { network, overlap }] of before) {
        if (this.#known.has(key) || !present.has(network.id)) continue;
        const details = { network: network.name, route: overlapRoute(overlap) };
        logger.info('a route leads away with addresses of a network no longer', details);
      }
    } catch (error) {
      logger.error('routes of others not looked at', { error: messageOf(error) });
    }
  }

  /** Routes that go with their link are not told of one by one. */
  #concerns(news: News): boolean {
    if (news.kind === 'route' || news.kind === 'link') return this.#known.size > 0;
    if (news.kind !== 'route-added' && news.kind !== 'policy') return false;
    // Where another table is asked before the main one, every route of it may be about us, a default route, too.
    const isAny = news.kind === 'policy' || (news.table !== undefined && prefixLength(news.destination) === 0);
    return bridged(this.#parts.networks).some(
      ({ subnets }) => isAny || subnets.some(({ subnet }) => isAbout(subnet, news.destination)),
    );
  }
}

/** A route of somebody else for addresses of a network. */
interface FoundOverlap {
  readonly network: Network;
  readonly overlap: RouteOverlap;
}

/** Routes of others for addresses of bridge networks, or of one; those on a parent have its own wire's. */
export function foundOverlaps(
  { networks, kernel }: Pick<RouteWatchParts, 'networks' | 'kernel'>,
  of?: Network,
): FoundOverlap[] {
  const all = bridged(networks);
  const own = new Set(all.map(({ bridge }) => bridge?.name));
  const objects = kernel.observe('', ['route', 'rule']);
  const policy = {
    routes: objects.filter((object) => object.kind === 'route'),
    rules: objects.filter((object) => object.kind === 'rule'),
  };
  return all
    .filter(({ id }) => of === undefined || of.id === id)
    .flatMap((network) => {
      const subnets = network.subnets.map(({ subnet }) => subnet);
      return routeOverlaps(subnets, policy, (link) => own.has(link)).map((overlap) => ({ network, overlap }));
    });
}

function bridged(networks: Iterable<Network>): Network[] {
  return [...networks].filter(({ bridge }) => bridge !== undefined);
}

function keyOf({ network, overlap }: FoundOverlap): string {
  return `${network.id} ${overlap.subnet} ${overlapRoute(overlap)} ${overlap.diverts}`;
}

import type { Loss, News, Unheard } from '@fairlead/netlink/news';
import { overlapText } from '@fairlead/netlink/overlap';
import type { BridgeGuests } from '../bridge/bridge-guests.ts';
import type { KernelPort } from '../kernel-port.ts';
import type { Network } from '../model.ts';
import type { HostFacts } from './host-facts.ts';
import { foundOverlaps, RouteWatch, type RouteWatchParts } from './route-watch.ts';
import { SelfRepair, type SelfRepairParts } from './self-repair.ts';

/** Milliseconds from the first news that was missed to a look at everything: where so much happens, more will. */
const MISSED_PAUSE = 1_000;

/** What following the host takes. */
export interface HostWatchParts extends Omit<SelfRepairParts, 'repair'> {
  readonly kernel: Pick<KernelPort, 'watchNews'> & RouteWatchParts['kernel'];
  readonly facts: HostFacts;
  readonly guests: BridgeGuests;
  /** Absent leaves what is lost to the next start. */
  readonly repair?: SelfRepairParts['repair'];
  /** True when nobody but us can change our rules. */
  readonly rulesAreProtected: boolean;
}

/**
 * Follow what others do to the host's namespace, until the disposal: what they take away is put back, and routes of theirs
 * for addresses of ours are warned of.
 */
export async function watchHost(parts: HostWatchParts): Promise<Disposable> {
  const { state, kernel, logger, guests, facts, repair, rulesAreProtected } = parts;
  const watches = new DisposableStack();
  watches.use(guests);
  watches.use(facts);
  const routes = watches.use(new RouteWatch({ networks: state.networks, kernel, logger }));
  const selfRepair = repair && watches.use(new SelfRepair({ ...parts, repair }));
  const look = (): void => {
    routes.review();
    guests.review();
    facts.review();
  };
  let missed: NodeJS.Timeout | undefined;
  watches.defer(() => clearTimeout(missed));
  const lookAgain = (news: Unheard): void => {
    missed = undefined;
    look();
    selfRepair?.notice(news);
  };
  const listener = await kernel.watchNews(
    (news) => {
      if (news.kind === 'unheard') {
        missed ??= setTimeout(lookAgain, MISSED_PAUSE, news).unref();
        return;
      }
      routes.notice(news);
      guests.notice(news);
      facts.notice(news);
      if (isLoss(news)) selfRepair?.notice(news);
    },
    selfRepair !== undefined && !rulesAreProtected,
  );
  watches.use(listener);
  // What came before anybody listened.
  look();
  return watches;
}

/** News of what there is, not of what is gone. */
const arrivals: ReadonlySet<News['kind']> = new Set(['route-added', 'address-added', 'policy', 'port', 'link-up']);

function isLoss(news: Exclude<News, Unheard>): news is Loss {
  return !arrivals.has(news.kind);
}

/** Routes of others for addresses of a network, a sentence each. */
export function overlapTexts(parts: Pick<RouteWatchParts, 'networks' | 'kernel'>, network: Network): string[] {
  return foundOverlaps(parts, network).map(({ overlap }) => overlapText(network.name, overlap));
}

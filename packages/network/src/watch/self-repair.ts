import { type Logger, messageOf, type Prefix } from '@fairlead/base';
import { isHostTable } from '@fairlead/firewall';
import { type Change, describeChange } from '@fairlead/netlink';
import type { Loss, Unheard } from '@fairlead/netlink/news';
import { segmentNamesOf } from '../bridge/segments.ts';
import type { EndpointTable } from '../endpoint/endpoint-table.ts';
import { isSharedTable } from '../kernel/observation.ts';
import type { Endpoint, Network } from '../model.ts';

/** Milliseconds from a loss to its repair: what is taken away together is put back together. */
const PAUSE = 5;
/** Whoever takes away again what was put back so many times within the window is not fought at every turn. */
const LIMIT = 10;
const WINDOW = 10_000;
/** As many changes are named in the log. */
const SHOWN = 10;
/** Milliseconds between repairs then. */
const LONG_PAUSE = 5000;

/** What keeping the network repaired takes. */
export interface SelfRepairParts {
  /** What is wanted, as it is at each moment. */
  readonly state: {
    readonly networks: Iterable<Network>;
    readonly endpoints: Pick<EndpointTable, 'onNetwork' | 'behind'>;
  };
  readonly logger: Logger;
  /** Compare the host's namespace with the store and put right what differs. */
  readonly repair: () => Promise<readonly Change[]>;
  /** Told of what was lost, in words, and of what was done to put it back. */
  readonly onRepair?: (lost: readonly string[], made: readonly Change[]) => void;
}

/**
 * Puts back what somebody takes from the host's namespace: a bridge that is deleted or set down, a port that is taken off
 * it, an address, a route, forwarding, rules. Each loss is a hint and no more: the store and the kernel decide what is
 * done, so one that we have caused ourselves costs a look. What is inside a container is its own business.
 */
export class SelfRepair implements Disposable {
  readonly #parts: SelfRepairParts;
  #losses: (Loss | Unheard)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #hasEnded = false;
  /** When something was put back lately. */
  #repaired: number[] = [];

  constructor(parts: SelfRepairParts) {
    this.#parts = parts;
  }

  [Symbol.dispose](): void {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
  }

  /** Something was taken away, or may have been. */
  notice(loss: Loss | Unheard): void {
    if (this.#hasEnded || !concerns(this.#parts.state, loss)) return;
    this.#losses.push(loss);
    this.#timer ??= setTimeout(() => void this.#repair(), this.#isFought() ? LONG_PAUSE : PAUSE).unref();
  }

  async #repair(): Promise<void> {
    const losses = this.#losses;
    this.#losses = [];
    const { repair, logger, onRepair } = this.#parts;
    try {
      const changes = await repair();
      if (changes.length === 0) return;
      this.#repaired.push(performance.now());
      const lost = [...new Set(losses.map(describeLoss))];
      onRepair?.(lost, changes);
      logger.warn('put back what somebody took away', {
        lost,
        made: changes.slice(0, SHOWN).map(describeChange),
        ...(changes.length > SHOWN && { more: changes.length - SHOWN }),
        ...(this.#isFought() && { again: `somebody goes on: put back every ${LONG_PAUSE / 1000} s` }),
      });
    } catch (error) {
      logger.error('not put back', { error: messageOf(error) });
    } finally {
      this.#timer = undefined;
      // What was lost meanwhile waits for its own turn.
      const [next] = this.#losses.splice(0, 1);
      if (next !== undefined) this.notice(next);
    }
  }

  #isFought(): boolean {
    const now = performance.now();
    this.#repaired = this.#repaired.filter((time) => now - time < WINDOW);
    return this.#repaired.length >= LIMIT;
  }
}

/** True when something of ours may be missing now. What we take away ourselves is no longer in the store by then. */
export function concerns({ networks, endpoints }: SelfRepairParts['state'], loss: Loss | Unheard): boolean {
  if (loss.kind === 'unheard') return true;
  if (loss.kind === 'rules') return isHostTable(loss.table) || isSharedTable(loss.table);
  // Every interface of ours that comes or goes is such a hint: to look at all of them each time would cost more and more.
  if (loss.kind === 'link' && endpoints.behind(loss.name) !== undefined) return true;
  return Iterator.from(networks).some((network) => {
    const { id, bridge, parent, internal, subnets, leavesForwarding } = network;
    switch (loss.kind) {
      case 'link':
        if ([bridge?.name, parent?.name, parent?.host?.name].includes(loss.name)) return true;
        return segmentNamesOf(network).some((names) => Object.values(names).includes(loss.name));
      case 'address':
        if (parent?.host?.addresses.includes(loss.address)) return true;
        return subnets.some(({ gateway }) => gateway === loss.address);
      case 'route':
        if (parent?.host !== undefined && isWayTo(loss.destination, endpoints.onNetwork(id))) return true;
        return bridge !== undefined && subnets.some(({ subnet }) => subnet === loss.destination);
      case 'fdb':
        return endpoints.onNetwork(id).some(({ mac }) => mac === loss.mac);
      case 'forwarding':
        return bridge !== undefined && !internal && leavesForwarding !== true;
      default:
        return loss satisfies never;
    }
  });
}

/** True for a route to one container alone. */
function isWayTo(destination: Prefix, containers: readonly Endpoint[]): boolean {
  const [address, length] = destination.split('/');
  if (length !== '32' && length !== '128') return false;
  return containers.some(({ ipv4, ipv6 }) => ipv4 === address || ipv6 === address);
}

/** What was lost, in a few words for the log. */
export function describeLoss(loss: Loss | Unheard): string {
  switch (loss.kind) {
    case 'unheard':
      return 'more than could be heard of';
    case 'link':
      return `${loss.name} ${{ removed: 'removed', down: 'set down', released: 'taken off its bridge' }[loss.how]}`;
    case 'address':
      return `address ${loss.address} removed`;
    case 'route':
      return `route ${loss.destination} removed`;
    case 'fdb':
      return `entry for ${loss.mac} removed`;
    case 'forwarding':
      return `IPv${loss.family} forwarding switched off`;
    case 'rules':
      return `rules of the table ${loss.table} removed`;
    default:
      return loss satisfies never;
  }
}

import { type Logger, messageOf } from '@fairlead/base';
import type { KernelPort } from '../kernel-port.ts';
import type { Endpoint } from '../model.ts';
import type { Joined } from '../route/gateway.ts';
import { announcementPlan } from './announcement-plan.ts';

/** Until the port of the bridge forwards, which the kernel lets it do in a work of its own after the link is up. */
const FIRST_MS = 20;

/**
 * Tells the neighbours of new endpoints where their addresses are now: whoever had one of them before may have had another
 * hardware address, or another port of the bridge.
 */
export class Announcements {
  readonly #kernel: Pick<KernelPort, 'announce'>;
  readonly #logger: Logger;
  /** What comes next, by endpoint. */
  readonly #pending = new Map<string, NodeJS.Timeout>();

  constructor(kernel: Pick<KernelPort, 'announce'>, logger: Logger) {
    this.#kernel = kernel;
    this.#logger = logger;
  }

  /** Begin to announce an endpoint; this returns at once. */
  begin(item: Joined, namespace: string): void {
    const { count, interval } = announcementPlan(item.network);
    if (item.endpoint.interface !== undefined && count > 0) this.#schedule(item, namespace, count, FIRST_MS, interval);
  }

  /** Say once more, at once, where the addresses of an endpoint are: somebody else says otherwise. */
  repeat(endpoint: Endpoint, namespace: string): void {
    this.#announce({ endpoint }, namespace);
  }

  /** An endpoint goes, and nobody shall look for it where it was. */
  end(endpoint: string): void {
    clearTimeout(this.#pending.get(endpoint));
    this.#pending.delete(endpoint);
  }

  #schedule(item: Joined, namespace: string, count: number, delay: number, interval: number): void {
    const timer = setTimeout(() => {
      this.#pending.delete(item.endpoint.id);
      this.#announce(item, namespace);
      if (count > 1) this.#schedule(item, namespace, count - 1, interval, interval);
    }, delay);
    // The engine does not stay for it.
    this.#pending.set(item.endpoint.id, timer.unref());
  }

  #announce({ endpoint }: Pick<Joined, 'endpoint'>, namespace: string): void {
    const addresses = [endpoint.ipv4, endpoint.ipv6].filter((address) => address !== undefined);
    try {
      if (endpoint.interface !== undefined) this.#kernel.announce(namespace, endpoint.interface, addresses);
    } catch (error) {
      this.#logger.warn('addresses not announced', { endpoint: endpoint.id, error: messageOf(error) });
    }
  }
}

import type { ElementObject, KernelObject } from '@fairlead/netlink';
import type { News } from '@fairlead/netlink/news';
import { HostAddresses } from './host-addresses.ts';
import { SegmentFitting, type SegmentFittingParts } from './segment-fitting.ts';

/** Milliseconds until what the kernel has refused is tried again. */
const AGAIN = 1_000;

/**
 * What the host's table knows of the host, whatever is in the store: its addresses, and whether a way out is narrow. Comparing
 * the kernel with the store asks for it, and from then on what others do to the host is followed.
 */
export class HostFacts implements Disposable {
  readonly #fitting: SegmentFitting;
  readonly #addresses: HostAddresses;
  #again: NodeJS.Timeout | undefined;
  #hasEnded = false;

  constructor(parts: Omit<SegmentFittingParts, 'onFailure'>) {
    const onFailure = () => this.#reviewLater();
    this.#fitting = new SegmentFitting({ ...parts, onFailure });
    this.#addresses = new HostAddresses({ ...parts, onFailure });
  }

  [Symbol.dispose](): void {
    this.#hasEnded = true;
    clearTimeout(this.#again);
    this.#fitting[Symbol.dispose]();
  }

  /** What the table is to hold, which whoever asks has to see to. @param host its links, addresses and routes as they are. */
  elements(host: readonly KernelObject[]): ElementObject[] {
    return [...this.#fitting.elements(host), ...this.#addresses.elements(host)];
  }

  /** Something has happened in the host's namespace. */
  notice(news: News): void {
    this.#fitting.notice(news);
    this.#addresses.notice(news);
  }

  /** What has come and gone while nobody listened. Never throws. */
  review(): void {
    clearTimeout(this.#again);
    this.#again = undefined;
    void this.#fitting.review();
    void this.#addresses.review();
  }

  /** Networks have come or changed. */
  follow(): void {
    this.#fitting.follow();
  }

  #reviewLater(): void {
    if (!this.#hasEnded) this.#again ??= setTimeout(() => this.review(), AGAIN).unref();
  }
}

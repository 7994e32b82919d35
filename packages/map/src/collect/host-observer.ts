import { hostname } from 'node:os';
import { Kernel, OpenNamespace, Recorder } from '@fairlead/kernel';
import { listenToNetlink, type NetlinkListener } from '@fairlead/kernel/tracing';
import type { ForwardingEntry, KernelObject, LinkStatistics } from '@fairlead/netlink';
import type { AddressState, HostObservation } from '../model/host-observation.ts';
import type { Names } from '../model/names.ts';
import type { CounterSample } from '../model/rates.ts';
import { ForeignNamespaces } from './foreign-namespaces.ts';

/** RTNLGRP_LINK, _IPV4_IFADDR, _IPV4_ROUTE, _IPV6_IFADDR, _IPV6_ROUTE (include/uapi/linux/rtnetlink.h). */
const groups = [1, 5, 7, 9, 11];

/** Looks at the host's network, and tells when something of it has changed. */
export interface Observer extends Disposable {
  observe(names: Names): HostObservation;
  counters(): CounterSample;
  /** What the bridges know of who is behind which port. */
  forwardingEntries(): readonly ForwardingEntry[];
}

/**
 * Look at the network of the namespace that this process is in.
 *
 * @param changed called for each notification of the kernel: many, when something happens at all.
 */
export function openObserver(changed: () => void): Observer {
  return new HostObserver(changed);
}

class HostObserver implements Observer {
  readonly #kernel = new Kernel(new Recorder());
  readonly #host = new OpenNamespace('');
  readonly #foreign = new ForeignNamespaces(this.#host);
  readonly #listener: NetlinkListener;
  #linkNames = new Map<number, string>();

  constructor(changed: () => void) {
    try {
      this.#listener = listenToNetlink('route', groups, changed);
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  observe(names: Names): HostObservation {
    const links = this.#host.links();
    this.#linkNames = new Map(links.map(({ index, name }) => [index, name]));
    const objects = this.#kernel.observe('', ['address', 'route']);
    const own = names.containers.flatMap(({ namespace }) => namespace ?? []);
    return {
      hostname: hostname(),
      links,
      addresses: addressesIn(objects),
      gateways: gatewaysIn(objects),
      foreign: this.#foreign.observe(own),
    };
  }

  counters(): CounterSample {
    const counters = this.#host.linkStatistics();
    const links = [...counters].flatMap(([index, statistics]): [string, LinkStatistics][] => {
      const name = this.#linkNames.get(index);
      return name === undefined ? [] : [[name, statistics]];
    });
    return { time: performance.now(), links: new Map(links) };
  }

  forwardingEntries(): readonly ForwardingEntry[] {
    return this.#host.forwardingEntries();
  }

  [Symbol.dispose](): void {
    this.#listener[Symbol.dispose]();
    this.#close();
  }

  #close(): void {
    this.#foreign[Symbol.dispose]();
    this.#host[Symbol.dispose]();
    this.#kernel[Symbol.dispose]();
  }
}

function addressesIn(objects: readonly KernelObject[]): AddressState[] {
  return objects.flatMap((object) =>
    object.kind === 'address' ? [{ link: object.link, address: object.address }] : [],
  );
}

function gatewaysIn(objects: readonly KernelObject[]): HostObservation['gateways'] {
  return objects.flatMap((object) => {
    if (object.kind !== 'route' || object.via === undefined || object.link === undefined) return [];
    const isDefault = object.destination === '0.0.0.0/0' || object.destination === '::/0';
    return isDefault ? [{ link: object.link, address: object.via }] : [];
  });
}

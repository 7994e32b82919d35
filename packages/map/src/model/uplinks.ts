import type { HostObservation, LinkState } from './host-observation.ts';

/** Kinds of link that are never a way out by themselves. */
const inner: ReadonlySet<string | undefined> = new Set(['bridge', 'dummy', 'veth']);

/**
 * The host's own interfaces: those that default routes leave by, and all others with an address that are neither a bridge
 * nor a cable into a namespace. In the order of the kernel, which is that of their making.
 */
export function uplinksOf({ links, addresses, gateways }: HostObservation): LinkState[] {
  const routed = new Set(gateways.map(({ link }) => link));
  const addressed = new Set(addresses.filter(({ address }) => isGlobal(address)).map(({ link }) => link));
  return links.filter(
    ({ name, kind }) => name !== 'lo' && (routed.has(name) || (addressed.has(name) && !inner.has(kind))),
  );
}

/** Every interface has an address of its own link in IPv6: that says nothing. */
export function isGlobal(address: string): boolean {
  return !address.startsWith('fe80:');
}

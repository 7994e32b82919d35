import type { LinkDetails } from '@fairlead/netlink';

/** Bytes that an interface has to take for IPv6 (RFC 8200, 5); below that the kernel switches IPv6 off on it. */
export const LEAST_MTU6 = 1280;

/** What is said of an interface on which IPv6 is off for that reason. */
export function tooNarrow(
  place: string,
  { name, mtu }: LinkDetails,
): { readonly text: string; readonly evidence: readonly string[] } {
  return {
    text: `IPv6 is off on ${name} of ${place}, and its addresses and routes went with it: packets there may have ${mtu} bytes, and IPv6 needs ${LEAST_MTU6}.`,
    evidence: [`${name} in ${place}: mtu ${mtu}`],
  };
}

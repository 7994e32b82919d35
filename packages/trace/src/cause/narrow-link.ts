import { LEAST_MTU6 } from '@fairlead/base';
import type { LinkDetails } from '@fairlead/netlink';

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

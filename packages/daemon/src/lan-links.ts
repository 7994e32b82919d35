import { clientPorts, linkFilter } from '@fairlead/dhcp/link-filter';
import { openRawLink, sendRawFrames } from '@fairlead/kernel/raw-link';
import type { LanPort } from '@fairlead/network';
import { addressClaims } from './address-claims.ts';

/** Links of containers on LANs, as clients of DHCP speak on them. */
export const lanLinks: LanPort = {
  open: (namespace, link, onFrame) =>
    openRawLink({ namespace, link, program: linkFilter, ports: clientPorts, onFrame }),
  watch: addressClaims.watch,
  send: (link, frames) => sendRawFrames('', link, frames),
};

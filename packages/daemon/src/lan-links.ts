import { claimFilter, claimType, clientPorts, linkFilter } from '@fairlead/dhcp';
import { openRawLink, sendRawFrames } from '@fairlead/kernel/raw-link';
import type { LanPort } from '@fairlead/network';

/** Links of containers on LANs, as clients of DHCP speak on them. */
export const lanLinks: LanPort = {
  open: (namespace, link, onFrame) =>
    openRawLink({ namespace, link, program: linkFilter, ports: clientPorts, onFrame }),
  watch: (namespace, link, { address, mac }, onFrame) => {
    const [program, type] = [claimFilter(address, mac), claimType(address)];
    return openRawLink({ namespace, link, program, type, ports: [], onFrame });
  },
  send: (link, frames) => sendRawFrames('', link, frames),
};

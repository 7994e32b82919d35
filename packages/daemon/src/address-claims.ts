import { claimFilter, claimType } from '@fairlead/dhcp/link-filter';
import { openRawLink } from '@fairlead/kernel/raw-link';
import type { LanPort } from '@fairlead/network';

/** Those who say on a link that they use an address, heard without anything else of DHCP. */
export const addressClaims: Pick<LanPort, 'watch'> = {
  watch: (namespace, link, { address, mac }, onFrame) => {
    const [program, type] = [claimFilter(address, mac), claimType(address)];
    return openRawLink({ namespace, link, program, type, ports: [], onFrame });
  },
};

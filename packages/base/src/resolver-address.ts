import type { IpAddress } from './ip-address.ts';

/**
 * Where the relay of published ports has its sockets. The address is from the block that no network has (RFC 6666,
 * Discard-Only), so nobody can send to the relay but the firewall, which hands it packets for other addresses; and since
 * no program can have the port there, it never changes.
 */
export const relayEndpoint = { address: '100::f1' as IpAddress, port: 4646 } as const;

/**
 * Where containers ask for names. The IPv4 address is Docker's. Of IPv6 there is one loopback address only, whose port 53 is
 * the container's own: so it is a unique local one (RFC 4193), the prefix in the letters `fldns`, on the loopback interface.
 */
export const nameServerAddress = { 4: '127.0.0.11' as IpAddress, 6: 'fd66:6c64:6e73::53' as IpAddress } as const;

import type { IpAddress } from './ip-address.ts';

/**
 * Where the relay of published ports has its sockets. The address is from the block that no network has (RFC 6666,
 * Discard-Only), so nobody can send to the relay but the firewall, which hands it packets for other addresses; and since
 * no program can have the port there, it never changes.
 */
export const relayEndpoint = { address: '100::f1' as IpAddress, port: 4646 } as const;

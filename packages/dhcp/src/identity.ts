import { createHash } from 'node:crypto';
import { ByteWriter, type MacAddress } from '@fairlead/base';
import type { ClientIdentity } from './lease.ts';

const DUID_UUID = 4;

/**
 * Who a container is to the servers of its LAN, on one network: the same for as long as it exists, on whatever host's wire.
 *
 * @param owner the container's id; it becomes a UUID, of which the DUID is made (RFC 6355).
 * @param network the network's id; the IAID is made of it.
 * @param hostname what the container calls itself; left out where a name server could not take it.
 */
export function clientIdentity(owner: string, network: string, mac: MacAddress, hostname: string): ClientIdentity {
  const uuid = createHash('sha256').update(owner).digest().subarray(0, 16);
  // Version 8, variant 10: made in a way of our own (RFC 9562, 5.8).
  uuid[6] = ((uuid[6] ?? 0) & 0x0f) | 0x80;
  uuid[8] = ((uuid[8] ?? 0) & 0x3f) | 0x80;
  const duid = new ByteWriter(18).u16be(DUID_UUID).bytes(uuid).finish();
  const iaid = createHash('sha256').update(network).digest().readUInt32BE();
  return { mac, duid, iaid, hostname: isHostname(hostname) ? hostname : '' };
}

/** The client identifier of DHCPv4 that goes with a DUID: the same in both families (RFC 4361, 6.1). */
export function clientIdentifier({ iaid, duid }: ClientIdentity): Uint8Array {
  return new ByteWriter(32).u8(255).u32be(iaid).bytes(duid).finish();
}

function isHostname(name: string): boolean {
  return name.length <= 253 && /^[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9][A-Za-z0-9-]{0,62})*$/.test(name);
}

import { messageOf } from '@fairlead/base';
import { closeAsync } from './syscalls.ts';

/**
 * Close a descriptor on a worker thread, where the kernel waits for RCU in the call: a netfilter socket after a deletion
 * (nft_rcv_nl_event in net/netfilter/nf_tables_api.c), a packet socket (packet_release in net/packet/af_packet.c). Nobody
 * waits for it, and a failure is a warning of the process.
 */
export function closeLater(descriptor: number): void {
  closeAsync(descriptor).catch((error: unknown) => process.emitWarning(`closing a socket: ${messageOf(error)}`));
}

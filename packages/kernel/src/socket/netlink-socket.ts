import type { NetlinkTransport } from '@fairlead/netlink';
import { closeLater } from '../system-call/close-later.ts';
import { close, recv, send, sendAsync, setsockopt, socket } from '../system-call/syscalls.ts';
import { SystemCallError } from '../system-call/system-call-error.ts';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
/** NETLINK_ROUTE, NETLINK_SOCK_DIAG, NETLINK_NETFILTER. */
const protocols = { route: 0, diagnosis: 4, netfilter: 12 } as const;
const SOL_SOCKET = 1;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const MSG_TRUNC = 0x20;
const on = Uint8Array.of(1, 0, 0, 0);
/**
 * Batches of elements are sent as one datagram, which must fit the send buffer: 8 MiB are about 100,000 elements. What is told
 * while nobody reads must fit the receive buffer: the usual 208 KiB are 128 messages, which a dozen containers make that end
 * together.
 */
const BUFFER_BYTES = Uint8Array.of(0, 0, 128, 0);

/** Where datagrams are received; one for all sockets, for each is read before the next call. The kernel's dumps use 32 KiB. */
const receiveBuffer = new Uint8Array(256 * 1024);

/** A netlink protocol that we speak. */
export type NetlinkProtocol = keyof typeof protocols;

/** A blocking netlink socket. It stays in the namespace in which it was opened. */
export class NetlinkSocket implements NetlinkTransport {
  readonly descriptor: number;
  readonly #protocol: NetlinkProtocol;

  /** Opens the socket in the namespace this thread is in. */
  constructor(protocol: NetlinkProtocol) {
    this.#protocol = protocol;
    this.descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocols[protocol]);
    try {
      this.#prepare();
    } catch (error) {
      close(this.descriptor);
      throw error;
    }
  }

  #prepare(): void {
    setsockopt(this.descriptor, SOL_NETLINK, NETLINK_EXT_ACK, on, 4);
    setsockopt(this.descriptor, SOL_NETLINK, NETLINK_CAP_ACK, on, 4);
    setsockopt(this.descriptor, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES, 4);
    if (this.#protocol === 'netfilter') setsockopt(this.descriptor, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES, 4);
  }

  /** Have requests for lists checked, so that what they name is all that is listed (Linux 4.20). @throws `ENOPROTOOPT` */
  checkStrictly(): void {
    setsockopt(this.descriptor, SOL_NETLINK, NETLINK_GET_STRICT_CHK, on, 4);
  }

  send(bytes: Uint8Array): void {
    send(this.descriptor, bytes, bytes.length, 0);
  }

  /** Send on a worker thread, where the kernel may take its time; then {@link receive} finds the answers waiting. */
  async sendOffThread(bytes: Uint8Array): Promise<void> {
    if ((await sendAsync(this.descriptor, bytes, bytes.length, 0)) < 0) throw new SystemCallError('send', 'EIO');
  }

  receive(): Uint8Array {
    for (;;) {
      try {
        const length = recv(this.descriptor, receiveBuffer, receiveBuffer.length, MSG_TRUNC);
        if (length > receiveBuffer.length) throw new SystemCallError('recv', 'EMSGSIZE');
        return receiveBuffer.subarray(0, length);
      } catch (error) {
        if (!(error instanceof SystemCallError) || error.errno !== 'EINTR') throw error;
      }
    }
  }

  /**
   * Close the socket. One that deleted nftables objects waits for RCU when it is closed, with the commit lock held: that
   * happens on a worker thread.
   */
  [Symbol.dispose](): void {
    if (this.#protocol === 'netfilter') closeLater(this.descriptor);
    else close(this.descriptor);
  }
}

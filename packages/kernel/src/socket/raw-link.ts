/**
 * Ethernet frames of a link, sent and received below its addresses. A door of its own: only who speaks for a container on
 * somebody else's LAN loads it.
 *
 * @module
 */
import { ByteWriter, type ClassicInstruction } from '@fairlead/base';
import type { NamespaceName } from '@fairlead/netlink';
import { OpenNamespace } from '../namespace/open-namespace.ts';
import { closeLater } from '../system-call/close-later.ts';
import { bind, close, recv, sendto, socket, whenReadable } from '../system-call/syscalls.ts';
import { SystemCallError } from '../system-call/system-call-error.ts';
import { sendFrames } from './frame-sending.ts';
import { type BoundAddress, closeDescriptor, openDatagramSocket } from './network-socket.ts';
import { attachFilter } from './socket-filter.ts';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const MSG_DONTWAIT = 0x40;
const ETH_P_ALL = 3;
/** More than any frame that is meant for us. */
const LARGEST_FRAME = 9216;
/** So many frames, and the rest of the program has its turn. */
const MOST_AT_ONCE = 64;

/** A link of a namespace, and what is wanted of it. */
export interface RawLinkOptions {
  readonly namespace: NamespaceName;
  readonly link: string;
  /** Frames to get. */
  readonly program: readonly ClassicInstruction[];
  /** Ethernet type of all of them: what has others, or is sent from here, costs nothing then. Absent means all. */
  readonly type?: number;
  /**
   * Ports that the frames are for. While the link is open the kernel does not tell their senders that nobody is there, as it
   * would (ICMP, port unreachable); where somebody has such a port he answers for it himself.
   */
  readonly ports: readonly BoundAddress[];
  readonly onFrame: (frame: Uint8Array) => void;
}

/** A link that is open. */
export interface RawLink extends Disposable {
  /** @throws SystemCallError for example `sendto: Network is down (ENETDOWN)`. */
  send(frame: Uint8Array): void;
}

/**
 * Open a link.
 *
 * @throws NetlinkError `ENODEV` when there is no such link, Error `ENOENT` when there is no such namespace.
 */
export function openRawLink({ namespace, link, program, type, ports, onFrame }: RawLinkOptions): RawLink {
  using space = new OpenNamespace(namespace);
  const index = space.linkIndex(link);
  return space.enter(() => {
    const descriptor = openFiltered(index, program, type);
    const held = ports.flatMap(holdQuietly);
    let isOpen = true;
    const readiness = whenReadable(descriptor, () => {
      for (let count = 0; isOpen && count < MOST_AT_ONCE; count++) {
        const frame = receive(descriptor);
        if (frame === undefined) return;
        onFrame(frame);
      }
    });
    const place = linkAddress(0, index);
    return {
      send: (frame) => void sendto(descriptor, frame, frame.length, 0, place, place.length),
      [Symbol.dispose]: () => {
        if (!isOpen) return;
        isOpen = false;
        readiness[Symbol.dispose]();
        for (const port of held) closeDescriptor(port);
        closeLater(descriptor);
      },
    };
  });
}

/**
 * Send frames out of a link that nothing is received from.
 *
 * @throws as {@link openRawLink} and {@link RawLink.send}.
 */
export function sendRawFrames(namespace: NamespaceName, link: string, frames: readonly Uint8Array[]): void {
  using space = new OpenNamespace(namespace);
  const index = space.linkIndex(link);
  space.enter(() => sendFrames(index, frames));
}

function openFiltered(index: number, program: readonly ClassicInstruction[], type = ETH_P_ALL): number {
  // Without a protocol it gets nothing before the filter is there.
  const descriptor = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  try {
    attachFilter(descriptor, program);
    const address = linkAddress(type, index);
    bind(descriptor, address, address.length);
    return descriptor;
  } catch (error) {
    close(descriptor);
    throw error;
  }
}

/** struct sockaddr_ll (packet(7)). */
function linkAddress(protocol: number, index: number): Uint8Array {
  return new ByteWriter(20).u16(AF_PACKET).u16be(protocol).i32(index).zeros(12).finish();
}

function holdQuietly(port: BoundAddress): number[] {
  try {
    return [openDatagramSocket(port)];
  } catch (error) {
    if (error instanceof SystemCallError) return [];
    throw error;
  }
}

/** `undefined` when there is nothing; that the link went down or away is read so, and is no frame either. */
function receive(descriptor: number): Uint8Array | undefined {
  const buffer = new Uint8Array(LARGEST_FRAME);
  try {
    return buffer.subarray(0, recv(descriptor, buffer, buffer.length, MSG_DONTWAIT));
  } catch (error) {
    if (error instanceof SystemCallError) return undefined;
    throw error;
  }
}

import { ByteWriter } from '@fairlead/base';
import { closeLater } from '../system-call/close-later.ts';
import { sendto, socket } from '../system-call/syscalls.ts';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;

/**
 * Send frames out of a link of the namespace this thread is in.
 *
 * @throws SystemCallError for example `sendto: Network is down (ENETDOWN)`.
 */
export function sendFrames(linkIndex: number, frames: readonly Uint8Array[]): void {
  const descriptor = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  try {
    // sockaddr_ll (packet(7)): only the link matters for frames that are complete.
    const place = new ByteWriter(20).u16(AF_PACKET).u16(0).u32(linkIndex).zeros(12).finish();
    for (const frame of frames) sendto(descriptor, frame, frame.length, 0, place, place.length);
  } finally {
    closeLater(descriptor);
  }
}

import { errnoOf } from '../system-call/errno-of.ts';
import { close, connect, send, socket } from '../system-call/syscalls.ts';
import { SystemCallError } from '../system-call/system-call-error.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
/** Bytes of sun_path, its zero included (unix(7)). */
const longestPath = 108;

/** A socket that datagrams go out of, to one other of this machine. Node has none. */
export interface UnixDatagram extends Disposable {
  /** @returns false when the receiver has no room yet. @throws SystemCallError `ECONNREFUSED` when it is gone. */
  send(bytes: Uint8Array): boolean;
}

/** Connect to the datagram socket at a path. @throws SystemCallError */
export function openUnixDatagram(path: string): UnixDatagram {
  const bytes = Buffer.from(path);
  if (bytes.length >= longestPath) throw new SystemCallError('connect', 'ENAMETOOLONG');
  const address = Buffer.alloc(2 + bytes.length + 1);
  // sa_family_t is in the machine's byte order, which is little-endian on all that we run on.
  address.writeUInt16LE(AF_UNIX);
  bytes.copy(address, 2);
  const descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  try {
    connect(descriptor, address, address.length);
  } catch (error) {
    close(descriptor);
    throw error;
  }
  return { send: (datagram) => sent(descriptor, datagram), [Symbol.dispose]: () => void close(descriptor) };
}

function sent(descriptor: number, datagram: Uint8Array): boolean {
  try {
    send(descriptor, datagram, datagram.length, MSG_NOSIGNAL);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EAGAIN' || errnoOf(error) === 'ENOBUFS') return false;
    throw error;
  }
}

import { close } from '../system-call/syscalls.ts';
import { loadBpfProgram } from './bpf-call.ts';

/** BPF_PROG_TYPE_SOCKET_FILTER. */
const SOCKET_FILTER = 1;

/**
 * A program that a socket of ours asks about each packet that comes for it, in the name of whoever has sent that. It says how
 * many bytes are to be kept (Linux 3.19; net/core/filter.c, sk_filter_trim_cap).
 */
export class SocketProgram implements Disposable {
  readonly descriptor: number;

  /** @throws SystemCallError when the kernel refuses: without BPF, without the right to use it, or the program is wrong. */
  constructor(name: string, instructions: Uint8Array) {
    this.descriptor = loadBpfProgram({ type: SOCKET_FILTER, name, instructions });
  }

  /** Sockets that ask it keep it. */
  [Symbol.dispose](): void {
    close(this.descriptor);
  }
}

import { errnoName } from '../../files/file-calls.ts';

/** A way to a receiver of logs. */
export interface Transport extends AsyncDisposable {
  /** Make sure that there is a way. @throws Error in Go's words, as Docker says it when a container starts. */
  connect(): Promise<void>;
  /**
   * Send bytes, whole.
   *
   * @returns a promise where that takes time: it resolves when more can be sent.
   * @throws Error, also by the promise, when the bytes are lost.
   */
  send(bytes: Uint8Array): undefined | Promise<void>;
}

/** An error of Node's sockets as Go says it: `dial tcp 127.0.0.1:9: connect: connection refused`. */
export function dialError(error: unknown, network: string, address: string): Error {
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connect: connection refused',
    ETIMEDOUT: 'i/o timeout',
    EHOSTUNREACH: 'connect: no route to host',
    ENETUNREACH: 'connect: network is unreachable',
    ENOENT: 'connect: no such file or directory',
    ENOTFOUND: 'no such host',
  };
  const reason = words[errnoName(error)] ?? (error instanceof Error ? error.message : String(error));
  return new Error(`dial ${network} ${address}: ${reason}`, { cause: error });
}

import { chmodSync, rmSync } from 'node:fs';
import net from 'node:net';
import { codeOf, type ErrorCode, FairleadError, type Logger, messageOf } from '@fairlead/base';
import { type ControlFailure, type ControlRequest, type ControlResponse, LineReader, PortError } from '@fairlead/dns';
import { SystemCallError } from '@fairlead/kernel/sockets';

/** Carries out one method; what it throws goes to the caller. */
export type Dispatch = (method: string, params: unknown) => unknown;

/** The listening end of the control protocol. */
export class ControlServer implements AsyncDisposable {
  readonly #server: net.Server;
  readonly #connections = new Set<net.Socket>();
  #lock: net.Server | undefined;

  private constructor(dispatch: Dispatch, log: Logger) {
    this.#server = net.createServer((socket) => {
      this.#connections.add(socket);
      const reader = new LineReader();
      socket.on('data', (chunk: Uint8Array) => {
        // One write for all answers to one chunk: the daemon sends everything at once after its start.
        const answers = reader.push(chunk).map((line) => `${JSON.stringify(answerLine(line, dispatch, log))}\n`);
        socket.write(answers.join(''));
      });
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#connections.delete(socket));
    });
  }

  /**
   * Listen at `path`, whatever an earlier process left there.
   *
   * @throws FairleadError `conflict` when another process serves this path.
   */
  static async listen(path: string, dispatch: Dispatch, log: Logger): Promise<ControlServer> {
    const control = new ControlServer(dispatch, log);
    control.#lock = await lock(path);
    rmSync(path, { force: true });
    await listening(control.#server, path);
    chmodSync(path, 0o600);
    return control;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const socket of this.#connections) socket.destroySoon();
    await promise;
    this.#lock?.close();
  }
}

/**
 * A socket in the abstract name space is a lock that ends with its process, however that ends (unix(7)); the file of
 * the control socket is not, and two processes that find an old one would both remove it.
 */
async function lock(path: string): Promise<net.Server> {
  const holder = net.createServer((socket) => socket.destroy());
  try {
    await listening(holder, `\0fairlead-resolver:${path}`);
  } catch (error) {
    throw new FairleadError('conflict', `another resolver serves ${path}`, { cause: error });
  }
  return holder;
}

function listening(server: net.Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(path, () => {
    server.off('error', reject);
    resolve();
  });
  return promise;
}

function answerLine(line: string, dispatch: Dispatch, log: Logger): ControlResponse {
  let id = 0;
  try {
    const request: ControlRequest = JSON.parse(line);
    id = request.id;
    return { id, result: dispatch(request.method, request.params ?? {}) };
  } catch (error) {
    const failure = failureOf(error);
    if (failure.code === 'internal') log.error('request failed', { error: messageOf(error) });
    return { id, error: failure };
  }
}

function failureOf(error: unknown): ControlFailure {
  if (error instanceof PortError) return { code: error.code, message: error.message, port: error.port };
  return { code: systemCode(error) ?? codeOf(error), message: messageOf(error) };
}

function systemCode(error: unknown): ErrorCode | undefined {
  const name = error instanceof SystemCallError ? error.errno : error instanceof Error && 'code' in error && error.code;
  return name === 'ENOENT' ? 'not-found' : undefined;
}

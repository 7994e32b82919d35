import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/**
 * A context that came with a request, where a buildkitd can fetch it: it takes them by HTTP. It is on the loopback, and
 * whoever wants it has to know its name, which is said to buildkitd alone.
 */
export class ServedContext implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  /** @param body is given away once, as it comes. */
  static async listen(body: AsyncIterable<Uint8Array>): Promise<ServedContext> {
    const path = `/${randomBytes(16).toString('hex')}`;
    let isGiven = false;
    const server = createServer((request, response) => {
      const isWanted = request.method === 'GET' && request.url === path && !isGiven;
      if (isWanted) isGiven = true;
      void answer(request, response, isWanted ? body : undefined);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    // A connection that could not be accepted is its client's loss alone; a fault that nobody hears ends the daemon.
    server.on('error', () => {});
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    return new ServedContext(server, `http://127.0.0.1:${port}${path}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, body: AsyncIterable<Uint8Array> | undefined) {
  request.resume();
  if (body === undefined) {
    response.writeHead(404).end();
    return;
  }
  // What is cut off here is cut off there: nobody takes half a context for a whole one.
  await pipeline(Readable.from(body), response).catch(() => response.destroy());
}

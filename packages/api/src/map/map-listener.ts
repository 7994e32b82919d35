import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Logger } from '@fairlead/base';
import type { EnginePort } from '@fairlead/engine';
import { Dispatcher } from '../http/dispatcher.ts';
import { RouteTable } from '../http/route.ts';
import { mapRoutes } from '../routes/map.ts';
import { MapAdmission } from './map-admission.ts';

// Importing the module by name would read all its exports, and one of them loads the whole of undici.
const { createServer } = process.getBuiltinModule('node:http');

/** Milliseconds without a request or a watcher after which nobody is taken to look any more. */
const IDLE = 15 * 60_000;

/** What a listener works with. */
export interface MapListenerOptions {
  readonly engine: EnginePort;
  readonly productVersion: string;
  readonly logger: Logger;
  readonly ready: Promise<unknown>;
}

/**
 * Serves the map, and nothing else, to browsers on this machine: on a port of 127.0.0.1 that is open only after somebody
 * was invited and while somebody looks.
 */
export class MapListener implements AsyncDisposable {
  readonly #dispatcher: Dispatcher;
  readonly #admission = new MapAdmission(() => randomBytes(24).toString('base64url'));
  #server: Promise<Server> | undefined;
  #idle: NodeJS.Timeout | undefined;
  #connections = 0;

  constructor({ engine, ...options }: MapListenerOptions) {
    this.#dispatcher = new Dispatcher({ ...options, routes: new RouteTable(mapRoutes(engine)) });
  }

  /** An address that opens the page once; whoever has it may look, and send traces. */
  async invite(): Promise<string> {
    this.#server ??= this.#listen();
    const address = (await this.#server).address();
    const port = typeof address === 'object' ? address?.port : undefined;
    return `http://127.0.0.1:${port}/open/${this.#admission.invite()}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#idle);
    const server = await this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  async #listen(): Promise<Server> {
    const server = createServer((request, response) => this.#serve(request, response));
    server.on('connection', (socket) => {
      this.#connections++;
      clearTimeout(this.#idle);
      socket.once('close', () => {
        this.#connections--;
        this.#closeWhenIdle();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    // A connection that could not be accepted is its client's loss alone; a fault that nobody hears ends the daemon.
    server.on('error', () => {});
    this.#closeWhenIdle();
    return server;
  }

  #closeWhenIdle(): void {
    clearTimeout(this.#idle);
    if (this.#connections > 0 || this.#server === undefined) return;
    this.#idle = setTimeout(() => void this[Symbol.asyncDispose](), IDLE).unref();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { host, origin, 'sec-fetch-site': site } = request.headers;
    const decision = this.#admission.judge({ target: request.url ?? '', host, origin, site: textOf(site) });
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Referrer-Policy', 'no-referrer');
    switch (decision.kind) {
      case 'pass':
        request.url = decision.target;
        void this.#dispatcher.request(request, response);
        return;
      case 'redirect':
        response.writeHead(303, { Location: decision.location, 'Cache-Control': 'no-store' }).end();
        return;
      case 'refuse':
        response.writeHead(403, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${decision.reason}\n`);
        return;
      default:
        decision satisfies never;
    }
  }
}

function textOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0];
}

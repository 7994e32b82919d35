import { once } from 'node:events';
import type { RequestListener, Server, ServerOptions } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Logger, lateModule, settleAll, silentLogger } from '@fairlead/base';
import type { EnginePort } from '@fairlead/engine';
import type { Authorizer } from './http/authorization.ts';
import { Dispatcher } from './http/dispatcher.ts';
import { RouteTable } from './http/route.ts';
import { listenUnix } from './http/unix-listener.ts';
import type { MapListener } from './map/map-listener.ts';
import { allRoutes } from './routes/all-routes.ts';

/**
 * Not by `import`: that reads every export of the module, and one of them loads the whole of undici, a seventh of the time
 * in which a daemon has to answer again.
 */
const { createServer } = process.getBuiltinModule('node:http');

/**
 * Bytes of a request's headers, as many as Go's servers take (DefaultMaxHeaderBytes): a build sends the credentials of all
 * registries in one, and filters stand in the first line.
 */
const headerLimit = 1 << 20;

const mapListeners = lateModule(() => import('./map/map-listener.ts'));

/** Certificates of a TCP listener, in PEM. */
export interface TlsFiles {
  readonly certificate: string | Buffer;
  readonly key: string | Buffer;
  /** Authorities for clients' certificates; with them a client must show one (`--tlsverify`). */
  readonly clientAuthorities?: string | Buffer;
}

/** Where to listen. */
export type ListenAddress =
  | { readonly kind: 'unix'; readonly path: string; readonly group?: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls?: TlsFiles }
  /** A socket that listens already, handed over by whoever started us. */
  | { readonly kind: 'descriptor'; readonly descriptor: number };

/** What a server works with. */
export interface ApiServerOptions {
  readonly engine: EnginePort;
  /** Version of the product. */
  readonly productVersion: string;
  readonly logger?: Logger;
  /** Requests that come before it has resolved wait. Default: nothing to wait for. */
  readonly ready?: Promise<unknown>;
  /** Those who are asked about every request and every answer. Default: nobody. */
  readonly authorizers?: () => Promise<readonly Authorizer[]>;
}

/**
 * Serves the Docker Engine API on any number of sockets.
 *
 * @example
 * await using server = new ApiServer({ engine, productVersion: '0.1.0' });
 * await server.listen({ kind: 'unix', path: '/run/fairlead.sock' });
 */
export class ApiServer implements AsyncDisposable {
  readonly #dispatcher: Dispatcher;
  readonly #logger: Logger;
  readonly #servers = new Set<Server>();
  /** Connections taken over: HTTP no longer counts them among its own. */
  readonly #upgraded = new Set<Duplex>();
  /** Serves the map to browsers, once somebody has asked for that. */
  #map: Promise<MapListener> | undefined;

  constructor(options: ApiServerOptions) {
    const { engine, productVersion, logger = silentLogger, ready = Promise.resolve(), authorizers } = options;
    const inviteToMap = async () => {
      this.#map ??= mapListeners().then((module) => new module.MapListener({ engine, productVersion, logger, ready }));
      return await (await this.#map).invite();
    };
    const routes = new RouteTable(allRoutes(engine, productVersion, inviteToMap));
    this.#logger = logger;
    this.#dispatcher = new Dispatcher({ routes, logger, productVersion, ready, ...(authorizers && { authorizers }) });
  }

  /**
   * Listen on one more address; resolves once clients can connect.
   *
   * @returns the port, for TCP: 0 asks for any free one.
   * @throws FairleadError `conflict` when another daemon answers on the path; Node's error when the socket cannot be had.
   */
  async listen(address: ListenAddress): Promise<{ readonly port?: number }> {
    const server = this.#createServer(address);
    this.#servers.add(server);
    try {
      await this.#bind(server, address);
    } catch (error) {
      this.#servers.delete(server);
      throw error;
    }
    server.on('error', (error) => this.#logger.error('listener failed', { error: error.message }));
    const bound = server.address();
    return bound !== null && typeof bound === 'object' ? { port: bound.port } : {};
  }

  /** Stop listening, give requests under way a moment, then cut what is left: streams may last for ever. */
  async close(graceMilliseconds = 500): Promise<void> {
    const servers = [...this.#servers];
    this.#servers.clear();
    const timer = setTimeout(() => {
      for (const server of servers) server.closeAllConnections();
      for (const socket of this.#upgraded) socket.destroy();
    }, graceMilliseconds);
    const map = async () => (await this.#map)?.[Symbol.asyncDispose]();
    await settleAll([map, ...servers.map((server) => () => closeServer(server))]);
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(0);
  }

  #createServer(address: ListenAddress): Server {
    const options: ServerOptions = {
      // Clients keep connections for as long as they like, bodies of loads and attachments take as long as they take.
      requestTimeout: 0,
      keepAliveTimeout: 0,
      maxHeaderSize: headerLimit,
      // A client whose host vanished is noticed by TCP alone.
      keepAlive: true,
      shouldUpgradeCallback: (request) => this.#dispatcher.mayHijack(request),
    };
    const listener: RequestListener = (request, response) => void this.#dispatcher.request(request, response);
    const tls = address.kind === 'tcp' ? address.tls : undefined;
    const server =
      tls === undefined
        ? createServer(options, listener)
        : process.getBuiltinModule('node:https').createServer({ ...options, ...tlsOptions(tls) }, listener);
    // As many as the size allows: beyond a number Node would leave some out, and say nothing.
    server.maxHeadersCount = 0;
    server.on('upgrade', (request, socket, head) => {
      this.#upgraded.add(socket);
      socket.once('close', () => this.#upgraded.delete(socket));
      void this.#dispatcher.upgrade(request, socket, head);
    });
    return server;
  }

  async #bind(server: Server, address: ListenAddress): Promise<void> {
    if (address.kind === 'unix') return await listenUnix(server, address.path, address.group ?? 'docker');
    if (address.kind === 'descriptor') server.listen({ fd: address.descriptor });
    else server.listen(address.port, address.host);
    await once(server, 'listening');
  }
}

function tlsOptions({ certificate, key, clientAuthorities }: TlsFiles) {
  const verify =
    clientAuthorities === undefined ? {} : { ca: clientAuthorities, requestCert: true, rejectUnauthorized: true };
  return { cert: certificate, key, minVersion: 'TLSv1.2' as const, ...verify };
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  await closed;
}

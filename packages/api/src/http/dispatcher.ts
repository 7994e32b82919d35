import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { FairleadError, type Logger, lateModule, messageOf } from '@fairlead/base';
import { formatVersion, maximumVersion, negotiateVersion } from './api-version.ts';
import type { Authorizer } from './authorization.ts';
import { errorResponse, pageNotFound, unexpectedEnd } from './error-response.ts';
import { type CommonHeaders, clientGone, send, sendUpgraded } from './exchange.ts';
import type { ApiRequest } from './request.ts';
import { bodyOf } from './request-rest.ts';
import { type ApiResponse, movedTo } from './response.ts';
import { cleanPath, type RouteTable } from './route.ts';
import { parseQuery, parseTarget } from './target.ts';

const authorization = lateModule(() => import('./authorization.ts'));

/** What a dispatcher works with. */
export interface DispatcherOptions {
  readonly routes: RouteTable;
  readonly logger: Logger;
  /** Version of the product, for the `Server` header. */
  readonly productVersion: string;
  /** Requests that come before it has resolved wait; when it rejects they fail with its reason. */
  readonly ready: Promise<unknown>;
  /** See {@link Authorizer}; asked for anew with each request. */
  readonly authorizers?: () => Promise<readonly Authorizer[]>;
}

/** Finds the route of a request, runs it, and sends its answer; the same for requests and for upgrades. */
export class Dispatcher {
  readonly #routes: RouteTable;
  readonly #logger: Logger;
  readonly #common: CommonHeaders;
  readonly #ready: Promise<unknown>;
  readonly #authorizers: DispatcherOptions['authorizers'];

  constructor({ routes, logger, productVersion, ready, authorizers }: DispatcherOptions) {
    this.#authorizers = authorizers;
    this.#ready = ready;
    this.#routes = routes;
    this.#logger = logger;
    this.#common = {
      'Api-Version': formatVersion(maximumVersion),
      'Docker-Experimental': 'false',
      Ostype: 'linux',
      Server: `Fairlead/${productVersion} (linux)`,
    };
  }

  /** True when the route of a request may take its connection over. */
  mayHijack(request: IncomingMessage): boolean {
    const url = parseTarget(request.url);
    return url !== undefined && this.#routes.mayHijack(request.method ?? '', url.path);
  }

  /** Answer an ordinary request. Never rejects. */
  async request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const signal = clientGone(response);
    response.on('error', () => {});
    try {
      const answer = await this.#answer(request, signal);
      await send(request, response, answer, this.#common, signal);
    } catch (error) {
      this.#broken(request, error);
      response.destroy();
    }
  }

  /** Answer a request that asked for its connection. Never rejects. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const gone = new AbortController();
    socket.once('close', () => gone.abort());
    socket.on('error', () => {});
    try {
      const answer = await this.#answer(request, gone.signal);
      await sendUpgraded(socket, head, answer, this.#common);
    } catch (error) {
      this.#broken(request, error);
      socket.destroy();
    }
  }

  async #answer(message: IncomingMessage, signal: AbortSignal): Promise<ApiResponse> {
    try {
      const url = parseTarget(message.url);
      if (url === undefined) return pageNotFound;
      const path = cleanPath(url.path);
      if (path !== url.path) return movedTo(path, url.search);
      const found = await this.#routes.match(message.method ?? '', path);
      if (found === undefined) return pageNotFound;
      await this.#ready;
      const request: ApiRequest = {
        method: message.method ?? '',
        version: negotiateVersion(found.version),
        parameters: found.parameters,
        query: parseQuery(url.search),
        headers: message.headers,
        body: bodyOf(message),
        signal,
      };
      const authorizers = (await this.#authorizers?.()) ?? [];
      if (authorizers.length === 0) return await found.route.handle(request);
      const { Authorization } = await authorization();
      return await new Authorization(authorizers, this.#common, this.#logger).handle(
        message,
        request,
        found.route.handle,
      );
    } catch (error) {
      // The client went away in the middle of its body: whatever failed for that is no fault of ours.
      if (message.destroyed && !message.complete) return unexpectedEnd;
      return errorResponse(error, this.#logger);
    }
  }

  /** An answer that could not be sent to its end: the status is gone already, so the connection says it. */
  #broken(request: IncomingMessage, error: unknown): void {
    const level = error instanceof FairleadError ? 'info' : 'error';
    this.#logger[level]('answer broken off', { target: request.url ?? '', error: messageOf(error) });
  }
}

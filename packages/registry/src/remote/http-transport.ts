import http from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream/promises';
import { FairleadError, messageOf } from '@fairlead/base';
import { type ProxySettings, proxyOf } from './proxy.ts';

/** A request to a registry or to its token server. */
export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Sent instead of `body`; it can be read once, so nothing that redirects is followed. */
  readonly stream?: AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal | undefined;
}

/** What came back. The body has to be read or destroyed. */
export type HttpResponse = http.IncomingMessage;

/** How to trust the other side. */
export interface TlsOptions {
  /** Certificate authorities in PEM beside the default ones. */
  readonly ca?: readonly string[] | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Take any certificate: only for registries that were named insecure. */
  readonly insecure?: boolean | undefined;
}

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const maximumRedirects = 10;

/** Connections of one kind, kept open, eight at a time. */
const kept = { keepAlive: true, maxSockets: 8 };

/**
 * HTTP connections to one registry. They are kept open for the next blob, and {@link close} ends them.
 *
 * Built on `node:http` rather than `fetch`: a registry's blobs are streams whose flow the store controls, and the
 * cause of a failed connection has to be told in Docker's words.
 */
export class HttpTransport implements Disposable {
  readonly #tls: TlsOptions;
  readonly #proxies: ProxySettings;
  /** By scheme and proxy. */
  readonly #agents = new Map<string, http.Agent>();

  /** @param proxies whom requests go through, token servers' too; nobody unless given. */
  constructor(tls: TlsOptions = {}, proxies: ProxySettings = {}) {
    this.#tls = tls;
    this.#proxies = proxies;
  }

  /**
   * Send a request and follow redirects. Credentials go to the host that they are for, never to where it redirects.
   *
   * @throws FairleadError `internal` naming the URL when no answer came; `cancelled` when the signal was raised.
   */
  async send(request: HttpRequest): Promise<HttpResponse> {
    let { url, headers = {} } = request;
    for (let hops = 0; hops <= maximumRedirects; hops++) {
      const response = await this.#exchange({ ...request, url, headers });
      const location = response.headers.location;
      const isFinal = !redirects.has(response.statusCode ?? 0) || location === undefined;
      if (isFinal || request.stream !== undefined) return response;
      response.destroy();
      const target = new URL(location, url);
      if (target.origin !== url.origin) headers = withoutAuthorization(headers);
      url = target;
    }
    throw new FairleadError('internal', `${operation(request)}: stopped after ${maximumRedirects} redirects`);
  }

  /** End idle connections; running transfers fail. */
  [Symbol.dispose](): void {
    for (const agent of this.#agents.values()) agent.destroy();
  }

  #agentFor(url: URL): http.Agent {
    const proxy = proxyOf(url, this.#proxies);
    return this.#agents.getOrInsertComputed(`${url.protocol} ${proxy}`, () => {
      if (proxy !== undefined && !/^https?:/.test(proxy)) {
        throw new FairleadError('internal', `proxy: unknown scheme: ${proxy.split(':')[0]}`);
      }
      if (url.protocol !== 'https:')
        return new http.Agent({ ...kept, ...(proxy && { proxyEnv: { HTTP_PROXY: proxy } }) });
      const { ca, cert, key, insecure } = this.#tls;
      return new https.Agent({
        ...kept,
        ...(proxy && { proxyEnv: { HTTPS_PROXY: proxy } }),
        rejectUnauthorized: insecure !== true,
        ...(ca && { ca: [...ca] }),
        ...(cert && { cert }),
        ...(key && { key }),
      });
    });
  }

  #exchange(request: HttpRequest): Promise<HttpResponse> {
    const secure = request.url.protocol === 'https:';
    const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
    const outgoing = (secure ? https : http).request(request.url, {
      method: request.method,
      headers: { 'User-Agent': 'fairlead', ...request.headers },
      agent: this.#agentFor(request.url),
      signal: request.signal,
    });
    outgoing.on('response', resolve);
    const isProxied = proxyOf(request.url, this.#proxies) !== undefined;
    outgoing.on('error', (error) => reject(connectionError(request, error, isProxied)));
    if (request.stream === undefined) outgoing.end(request.body);
    // Its failure is the request's. A server may answer, and refuse, before it has read to the end.
    else pipeline(request.stream, outgoing).catch(reject);
    return promise;
  }
}

/**
 * Read a whole body.
 *
 * @throws FairleadError `internal` when it is longer than `limit` bytes.
 */
export async function readBody(body: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > limit) throw new FairleadError('internal', `response body is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** `Get "https://host/v2/"`: how Go's HTTP client, and so Docker, begins its errors. */
export function operation({ method, url }: Pick<HttpRequest, 'method' | 'url'>): string {
  return `${method[0]}${method.slice(1).toLowerCase()} "${url.href}"`;
}

function withoutAuthorization(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'));
}

function connectionError(request: HttpRequest, error: Error, isProxied: boolean): FairleadError {
  if (request.signal?.aborted) return new FairleadError('cancelled', 'context canceled', { cause: error });
  const found = connectionProblem(error);
  const problem = isProxied && found.startsWith('dial ') ? `proxyconnect tcp: ${found}` : found;
  return new FairleadError('internal', `${operation(request)}: ${problem}`, { cause: error });
}

/** System errors of a connection in the words of Go's net package. */
const problems: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
};

function connectionProblem(error: unknown): string {
  // With several addresses to try, Node reports them all; Docker reports one.
  if (error instanceof AggregateError && error.errors.length > 0) return connectionProblem(error.errors[0]);
  const { code, address, port, hostname } = systemDetails(error);
  if (code === 'ERR_PROXY_TUNNEL')
    return /HTTP\/1\.\d \d+ (.*)$/.exec(messageOf(error))?.[1]?.trim() || messageOf(error);
  const problem = problems[code];
  if (problem !== undefined) return `dial tcp ${address.includes(':') ? `[${address}]` : address}:${port}: ${problem}`;
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${hostname}: no such host`;
  if (code === 'EAI_AGAIN') return `dial tcp: lookup ${hostname}: server misbehaving`;
  if (code === 'ECONNRESET') return 'read: connection reset by peer';
  if (code === 'EPROTO' || code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return 'http: server gave HTTP response to HTTPS client';
  }
  if (/SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/.test(code)) {
    return 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
  }
  return messageOf(error);
}

function systemDetails(error: unknown): { code: string; address: string; port: string; hostname: string } {
  const details: Readonly<Record<string, unknown>> = typeof error === 'object' && error !== null ? { ...error } : {};
  const text = (value: unknown) => (value === undefined ? '' : String(value));
  return {
    code: text(details['code']),
    address: text(details['address']),
    port: text(details['port']),
    hostname: text(details['hostname']),
  };
}

import { codeOf, FairleadError } from '@fairlead/base';
import { type HttpRequest, type HttpResponse, HttpTransport, operation } from './http-transport.ts';
import { RegistryAuthorizer, type RegistryCredentials } from './registry-authorizer.ts';
import type { RegistryEndpoint } from './registry-endpoint.ts';

/** Who asks a registry, and until when. */
export interface ConnectionOptions {
  readonly credentials?: RegistryCredentials | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A way to one place that a registry is at. It shows credentials to that place alone. Disposing it ends its connections. */
export class RegistryConnection implements Disposable {
  /** What paths of the API begin at, `https://host`. */
  readonly base: URL;
  readonly #transport: HttpTransport;
  readonly #authorizer: RegistryAuthorizer;
  readonly #signal: AbortSignal | undefined;

  private constructor(
    base: URL,
    transport: HttpTransport,
    authorizer: RegistryAuthorizer,
    signal: AbortSignal | undefined,
  ) {
    this.base = base;
    this.#transport = transport;
    this.#authorizer = authorizer;
    this.#signal = signal;
  }

  /**
   * Make contact: find out whether the place speaks HTTPS or, if allowed, HTTP, and what it wants to know.
   *
   * @param scope what access is for, see {@link RegistryAuthorizer}.
   * @throws FairleadError when nothing answers, in the words of the last attempt.
   */
  static async open(
    endpoint: RegistryEndpoint,
    scope: string,
    { credentials = {}, signal }: ConnectionOptions,
  ): Promise<RegistryConnection> {
    const transport = new HttpTransport(endpoint.tls, endpoint.proxies);
    // A mirror is not the registry that the credentials are for.
    const authorizer = new RegistryAuthorizer(transport, endpoint.mirror ? {} : credentials, scope);
    try {
      const base = await reach(transport, authorizer, endpoint, signal);
      return new RegistryConnection(base, transport, authorizer, signal);
    } catch (error) {
      transport[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Send a request; what it has to show for itself is asked for anew once, but for a stream, which cannot be sent twice.
   *
   * @throws FairleadError as {@link HttpTransport.send}; `unauthorized` when there are no credentials.
   */
  async send(request: HttpRequest): Promise<HttpResponse> {
    const isOwn = request.url.origin === this.base.origin;
    const send = () => {
      const headers = { ...request.headers, ...(isOwn && this.#authorizer.headers) };
      return this.#transport.send({ ...request, headers, signal: this.#signal });
    };
    const response = await send();
    // Where a registry has uploads sent may be somebody else's, who is not to be told who we are.
    if (response.statusCode !== 401 || request.stream !== undefined || !isOwn) return response;
    if (!(await this.#authorizer.answer(response, request.url, this.#signal))) return response;
    response.resume();
    return await send();
  }

  /** End the connections; running transfers fail. */
  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]();
  }
}

/** Find out at which of its bases an endpoint answers, and what it wants to know. @throws as {@link RegistryConnection.open}. */
async function reach(
  transport: HttpTransport,
  authorizer: RegistryAuthorizer,
  endpoint: RegistryEndpoint,
  signal: AbortSignal | undefined,
): Promise<URL> {
  let failure: unknown;
  for (const base of endpoint.bases) {
    const url = new URL('/v2/', base);
    try {
      const response = await transport.send({ method: 'GET', url, headers: authorizer.headers, signal });
      if (response.statusCode === 401) await authorizer.answer(response, url, signal);
      response.resume();
      if (response.statusCode === 200 || response.statusCode === 401) return base;
      const what = operation({ method: 'GET', url });
      failure = new FairleadError('internal', `${what}: unexpected status ${response.statusCode}`);
    } catch (error) {
      if (codeOf(error) !== 'internal') throw error;
      failure = error;
    }
  }
  throw failure;
}

import { FairleadError } from '@fairlead/base';
import { parseObject } from '../document/image-config.ts';
import { type AuthChallenge, parseAuthChallenges } from './auth-challenge.ts';
import { type HttpResponse, type HttpTransport, operation, readBody } from './http-transport.ts';

/** Credentials for a registry: what the `X-Registry-Auth` header of the API carries. */
export interface RegistryCredentials {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** A refresh token, used instead of the password. */
  readonly identityToken?: string | undefined;
  /** A bearer token to send as it is. */
  readonly registryToken?: string | undefined;
}

const maximumTokenBody = 1024 * 1024;

/**
 * Turns a registry's challenges into `Authorization` headers: basic, or a bearer token from the token server that the
 * challenge names (Docker Registry v2 authentication, "token" and "oauth2").
 */
export class RegistryAuthorizer {
  readonly #transport: HttpTransport;
  readonly #credentials: RegistryCredentials;
  readonly #scope: string;
  #header: string | undefined;

  /** @param scope what access is for: `repository:library/busybox:pull`; '' to find out who one is. */
  constructor(transport: HttpTransport, credentials: RegistryCredentials, scope: string) {
    this.#transport = transport;
    this.#credentials = credentials;
    this.#scope = scope;
    if (credentials.registryToken) this.#header = `Bearer ${credentials.registryToken}`;
  }

  /** Headers for the next request. */
  get headers(): Record<string, string> {
    return this.#header === undefined ? {} : { Authorization: this.#header };
  }

  /**
   * Answer a 401.
   *
   * @returns false when there is nothing new to try, so that the 401 is the answer.
   * @throws FairleadError `unauthorized` when the registry wants credentials and there are none, or refuses them.
   */
  async answer(response: HttpResponse, url: URL, signal: AbortSignal | undefined): Promise<boolean> {
    const challenges = parseAuthChallenges(response.headers['www-authenticate'] ?? '');
    const before = this.#header;
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer !== undefined && !this.#credentials.registryToken) {
      this.#header = `Bearer ${await this.#fetchToken(bearer, signal)}`;
    } else if (challenges.some(({ scheme }) => scheme === 'basic')) {
      this.#header = this.#basic();
      if (this.#header === undefined) {
        throw new FairleadError('unauthorized', `${operation({ method: 'GET', url })}: no basic auth credentials`);
      }
    }
    return this.#header !== before;
  }

  async #fetchToken({ parameters }: AuthChallenge, signal: AbortSignal | undefined): Promise<string> {
    const realm = parameters['realm'] ?? '';
    if (!URL.canParse(realm)) throw new FairleadError('internal', `invalid auth challenge realm: ${realm}`);
    const query = new URLSearchParams();
    if (parameters['service']) query.set('service', parameters['service']);
    // The challenge of the first contact names no repository, that of a refused request does.
    const scope = parameters['scope'] ?? this.#scope;
    if (scope !== '') query.set('scope', scope);
    const response = this.#credentials.identityToken
      ? await this.#refresh(new URL(realm), query, signal)
      : await this.#requestToken(new URL(realm), query, signal);
    return tokenOf(response, new URL(realm));
  }

  #requestToken(url: URL, query: URLSearchParams, signal: AbortSignal | undefined): Promise<HttpResponse> {
    const basic = this.#basic();
    if (basic !== undefined) query.set('account', this.#credentials.username ?? '');
    for (const [name, value] of query) url.searchParams.append(name, value);
    return this.#transport.send({ method: 'GET', url, headers: basic ? { Authorization: basic } : {}, signal });
  }

  #refresh(url: URL, query: URLSearchParams, signal: AbortSignal | undefined): Promise<HttpResponse> {
    query.set('grant_type', 'refresh_token');
    query.set('refresh_token', this.#credentials.identityToken ?? '');
    query.set('client_id', 'docker');
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    return this.#transport.send({ method: 'POST', url, headers, body: query.toString(), signal });
  }

  #basic(): string | undefined {
    const { username, password } = this.#credentials;
    if (!username) return undefined;
    return `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
  }
}

async function tokenOf(response: HttpResponse, url: URL): Promise<string> {
  const body = await readBody(response, maximumTokenBody);
  if (response.statusCode === 401 || response.statusCode === 403) {
    const message = `${operation({ method: 'GET', url })}: unauthorized: incorrect username or password`;
    throw new FairleadError('unauthorized', message);
  }
  if (response.statusCode !== 200) {
    const message = `failed to fetch oauth token: unexpected status from GET request to ${url.href}: `;
    throw new FairleadError('internal', `${message}${response.statusCode} ${response.statusMessage ?? ''}`);
  }
  const { token, access_token: accessToken } = parseObject(body, 'unable to decode token response');
  const value = token || accessToken;
  if (typeof value === 'string') return value;
  throw new FairleadError('internal', 'authorization server did not include a token in the response');
}

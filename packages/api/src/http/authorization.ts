import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { FairleadError, type Logger, messageOf } from '@fairlead/base';
import type { CommonHeaders } from './exchange.ts';
import type { ApiRequest } from './request.ts';
import type { ApiResponse } from './response.ts';

/** A request as {@link Authorizer}s are told of it; bodies only where they are JSON and no credentials. */
export interface RequestCase {
  readonly user?: string | undefined;
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  readonly certificates?: readonly string[] | undefined;
  readonly answer?: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: Uint8Array | undefined;
  };
}

/** Somebody who is asked about every request before it is carried out, and about every answer before it is sent. */
export interface Authorizer {
  readonly name: string;
  /** @throws Error when it does not say. */
  judge(about: RequestCase): Promise<{ readonly allowed: boolean; readonly reason: string }>;
}

/** What is looked at of a request as it came in. */
export type Incoming = Pick<IncomingMessage, 'url' | 'headers' | 'socket'>;

/** Bytes of a body that authorizers are shown; a longer one is refused, for nobody could look at it. */
const LONGEST_BODY = 4 * 1024 * 1024;

/** Headers that carry credentials: these are nobody else's business. */
const SECRET = /^(authorization|x-registry-config|x-registry-auth)$/i;

/** Asks authorizers, one after the other, in the way and the words of dockerd (moby, pkg/authorization). */
export class Authorization {
  readonly #authorizers: readonly Authorizer[];
  readonly #common: CommonHeaders;
  readonly #logger: Logger;

  constructor(authorizers: readonly Authorizer[], common: CommonHeaders, logger: Logger) {
    this.#authorizers = authorizers;
    this.#common = common;
    this.#logger = logger;
  }

  /**
   * Carry a request out if all allow it, and give its answer if all allow that, too.
   *
   * @throws FairleadError `forbidden` in Docker's words; what has been done by then is not undone.
   */
  async handle(
    message: Incoming,
    request: ApiRequest,
    handle: (request: ApiRequest) => ApiResponse | Promise<ApiResponse>,
  ): Promise<ApiResponse> {
    const target = message.url ?? '';
    const isShown = (headers: Readonly<Record<string, string>>) => isJson(headers) && !isLogin(target);
    const headers = shownHeaders(message.headers);
    const body = isShown(headers) ? await wholeBody(request.body) : undefined;
    const about = { method: request.method, target, headers, body, ...clientOf(message) };
    await this.#ask(about);
    let answer: ApiResponse;
    try {
      answer = await handle(body === undefined ? request : { ...request, body: once(body) });
    } catch (error) {
      // As with dockerd they hear of it, and cannot change it.
      await this.#ask({ ...about, answer: { status: 0, headers: {} } }).catch((denial: unknown) => {
        this.#logger.info('answer not authorized', { target, error: messageOf(denial) });
      });
      throw error;
    }
    const sent = sentHeaders(answer, this.#common);
    const content = answer.kind === 'plain' && isShown(sent) ? Buffer.from(answer.body ?? '') : undefined;
    const status = answer.kind === 'takeover' ? 101 : answer.status;
    await this.#ask({ ...about, answer: { status, headers: sent, body: content } });
    return answer;
  }

  async #ask(about: RequestCase): Promise<void> {
    for (const authorizer of this.#authorizers) {
      const { name } = authorizer;
      const { allowed, reason } = await authorizer.judge(about).catch((error: unknown) => {
        throw new FairleadError('internal', `plugin ${name} failed with error: ${messageOf(error)}`, { cause: error });
      });
      if (!allowed) throw new FairleadError('forbidden', `authorization denied by plugin ${name}: ${reason}`);
    }
  }
}

function isLogin(target: string): boolean {
  return /^\/(v\d[\d.]*\/)?auth/.test(target);
}

function isJson(headers: Readonly<Record<string, string>>): boolean {
  const [type = ''] = (headers['Content-Type'] ?? '').split(';');
  return type.trim().toLowerCase() === 'application/json';
}

/** With names as Go's servers write them, without credentials; of several values the last. */
function shownHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const shown = Object.entries(headers).filter(([name]) => !SECRET.test(name));
  return Object.fromEntries(shown.map(([name, value]) => [titled(name), String([value].flat().at(-1) ?? '')]));
}

function sentHeaders(answer: ApiResponse, common: CommonHeaders): Record<string, string> {
  const own = answer.kind === 'takeover' ? { 'Content-Type': answer.contentType } : answer.headers;
  return { ...common, ...own };
}

function titled(name: string): string {
  return name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}

/** Who asks, where that is known by a certificate. */
function clientOf({ socket }: Incoming): Pick<RequestCase, 'user' | 'certificates'> {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (certificate === undefined) return {};
  const { CN } = certificate.toLegacyObject().subject;
  return { user: [CN].flat().at(-1), certificates: [certificate.toString()] };
}

/** @throws FairleadError `internal` in Docker's words for one that is too long. */
async function wholeBody(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body) {
    length += piece.length;
    if (length > LONGEST_BODY) {
      const reason = `size exceeds ${LONGEST_BODY} bytes`;
      throw new FairleadError('internal', `request body too large for authorization plugin: ${reason}`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

async function* once(body: Buffer): AsyncGenerator<Uint8Array> {
  if (body.length > 0) yield body;
}

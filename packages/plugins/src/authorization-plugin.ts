import { Answer } from './answer.ts';
import type { PluginCaller } from './plugin-client.ts';

/** What a plugin is told of a request, and of its answer once there is one; what is absent is left out. */
export interface AuthorizationCase {
  /** Common name of the client's certificate. */
  readonly user?: string | undefined;
  readonly method: string;
  /** As the client has sent it, with its query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  /** In PEM. */
  readonly certificates?: readonly string[] | undefined;
  readonly answer?: AnswerInCase | undefined;
}

/** The answer that is to be sent. */
export interface AnswerInCase {
  /** 0 when it is not known: the request has failed. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
}

/** What a plugin thinks of it. */
export interface Verdict {
  readonly allowed: boolean;
  /** For the client. */
  readonly reason: string;
}

/** A plugin that is asked about requests and their answers (docs.docker.com/engine/extend/plugins_authorization). */
export class AuthorizationPlugin {
  readonly name: string;
  readonly #caller: PluginCaller;

  constructor(name: string, caller: PluginCaller) {
    this.name = name;
    this.#caller = caller;
  }

  /** @throws FairleadError `internal` in Docker's words when it does not answer. */
  async judge(about: AuthorizationCase): Promise<Verdict> {
    const method = about.answer === undefined ? 'AuthZPlugin.AuthZReq' : 'AuthZPlugin.AuthZRes';
    const answer = new Answer(await this.#caller.call(method, messageOf(about)));
    return { allowed: answer.flag('Allow'), reason: answer.text('Msg') };
  }
}

/** Bytes are base64, and what is empty is left out, as Go writes them. */
function messageOf({ user, method, target, headers, body, certificates = [], answer }: AuthorizationCase) {
  return {
    ...(user && { User: user, UserAuthNMethod: 'TLS' }),
    RequestMethod: method,
    RequestUri: target,
    ...(body && body.length > 0 && { RequestBody: base64(body) }),
    ...(Object.keys(headers).length > 0 && { RequestHeaders: headers }),
    ...(certificates.length > 0 && { RequestPeerCertificates: certificates.map((text) => base64(Buffer.from(text))) }),
    ...(answer && answer.status !== 0 && { ResponseStatusCode: answer.status }),
    ...(answer?.body && answer.body.length > 0 && { ResponseBody: base64(answer.body) }),
    ...(answer && Object.keys(answer.headers).length > 0 && { ResponseHeaders: answer.headers }),
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { ApiClient, type RequestOptions } from '@fairlead/api/client';
import { codeOf, FairleadError } from '@fairlead/base';

/**
 * The command's end of the Docker Engine API. All methods fail with a FairleadError: what the engine itself said begins
 * with `Error response from daemon: `, which docker's users know to look for.
 */
export interface Connection {
  /** Where the engine is: `unix:///run/fairlead/docker.sock`. */
  readonly address: string;
  /** Ask, and give the parsed answer; `undefined` when there is none, or when nothing had to be changed. */
  ask<T = unknown>(method: string, path: string, options?: RequestOptions): Promise<T>;
  /** Ask, and give the answer as text. */
  text(method: string, path: string, options?: RequestOptions): Promise<string>;
  /** Ask, and give the body as it comes. */
  open(method: string, path: string, options?: RequestOptions): Promise<IncomingMessage>;
  /** Ask, and give the values of an answer that has one on each line. */
  lines<T = unknown>(method: string, path: string, options?: RequestOptions): AsyncIterable<T>;
  /** Ask for a connection in both directions, as `attach` and `exec` are. */
  hijack(path: string, options?: RequestOptions): Promise<Duplex>;
}

/**
 * Speak to the engine at `unix://PATH` or `tcp://HOST:PORT`; nothing is sent before the first request.
 *
 * @throws FairleadError `invalid-argument` for an address of another form.
 */
export function connect(address: string): Connection {
  const client = new ApiClient(address);
  return {
    address,
    async ask<T>(method: string, path: string, options?: RequestOptions) {
      try {
        return await client.json<T>(method, path, options);
      } catch (error) {
        // A container that runs already has been started: docker's command says nothing either.
        if (codeOf(error) === 'not-modified') return undefined as T;
        throw attributed(error);
      }
    },
    text: (method, path, options) => client.text(method, path, options).catch(rethrow),
    open: (method, path, options) => client.open(method, path, options).catch(rethrow),
    async *lines<T>(method: string, path: string, options?: RequestOptions) {
      try {
        yield* client.lines<T>(method, path, options);
      } catch (error) {
        throw attributed(error);
      }
    },
    hijack: (path, options) => client.hijack(path, options).catch(rethrow),
  };
}

function rethrow(error: unknown): never {
  throw attributed(error);
}

/** A failure to reach the engine has a cause; what the engine said has none. */
function attributed(error: unknown): unknown {
  if (!(error instanceof FairleadError) || error.cause !== undefined) return error;
  return new FairleadError(error.code, `Error response from daemon: ${error.message}`);
}

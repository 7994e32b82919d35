import { setTimeout as delay } from 'node:timers/promises';
import { codeOf, FairleadError } from '@fairlead/base';
import type { Descriptor, Digest } from '../document/digest.ts';
import type { ImageReference } from '../document/image-reference.ts';
import type { BlobContent } from '../transfer/content-store.ts';
import type { HttpResponse } from './http-transport.ts';
import { RegistryConnection } from './registry-connection.ts';
import { registryEndpoints } from './registry-endpoint.ts';
import { pushError } from './registry-error.ts';
import { accessScope, type RegistryClientOptions } from './remote-repository.ts';

/** Attempts at one blob before the push is given up. */
const maximumAttempts = 5;

/** How a blob got into a repository. */
export type BlobArrival = 'present' | 'mounted' | 'uploaded';

/** A repository of a registry to be written to (OCI distribution spec, "Push"). Disposing it ends its connections. */
export class PushRepository implements Disposable {
  readonly #path: string;
  readonly #connection: RegistryConnection;
  readonly #options: RegistryClientOptions;

  private constructor(path: string, connection: RegistryConnection, options: RegistryClientOptions) {
    this.#path = path;
    this.#connection = connection;
    this.#options = options;
  }

  /** Make contact with the registry itself: mirrors are only read. @throws FairleadError when nothing answers. */
  static async connect(
    { domain, path }: Pick<ImageReference, 'domain' | 'path'>,
    options: RegistryClientOptions,
  ): Promise<PushRepository> {
    const endpoint = (await registryEndpoints(domain, options)).find(({ mirror }) => !mirror);
    if (endpoint === undefined) throw new FairleadError('internal', `no endpoint for ${domain}`);
    const connection = await RegistryConnection.open(
      endpoint,
      accessScope({ path }, 'push,pull', options.holds),
      options,
    );
    return new PushRepository(path, connection, options);
  }

  /** True when the repository has the blob. */
  async has(digest: Digest): Promise<boolean> {
    const response = await this.#connection.send({ method: 'HEAD', url: this.#url(`blobs/${digest}`) });
    response.resume();
    if (response.statusCode === 200) return true;
    if (response.statusCode === 404) return false;
    throw await pushError(response);
  }

  /**
   * Put a blob into the repository. What is broken off goes on where it stopped, if the registry still knows of it.
   *
   * @param source another repository of the registry that may have it: then nothing needs to be sent.
   */
  async put(descriptor: Descriptor, content: BlobContent, source?: string): Promise<BlobArrival> {
    if (await this.has(descriptor.digest)) return 'present';
    let upload = await this.#begin(descriptor.digest, source);
    if (upload === undefined) return 'mounted';
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#upload(upload, descriptor, content);
        return 'uploaded';
      } catch (error) {
        if (attempt === maximumAttempts || codeOf(error) !== 'internal') throw error;
        const { signal, retryDelay = 1000 } = this.#options;
        await delay(attempt * retryDelay, undefined, { signal });
        upload = (await this.#progressOf(upload)) ?? (await this.#begin(descriptor.digest)) ?? upload;
      }
    }
  }

  /** Let a tag stand for a manifest whose parts are there. @returns the digest that the registry gives it. */
  async putManifest(tag: string, { mediaType }: Descriptor, body: Uint8Array): Promise<void> {
    const headers = { 'Content-Type': mediaType, 'Content-Length': String(body.length) };
    const response = await this.#connection.send({ method: 'PUT', url: this.#url(`manifests/${tag}`), headers, body });
    if (response.statusCode !== 201 && response.statusCode !== 202) throw await pushError(response);
    response.resume();
  }

  /** End the connections. */
  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }

  /** @returns `undefined` when the registry has taken the blob from `source`. */
  async #begin(digest: Digest, source?: string): Promise<Upload | undefined> {
    const url = this.#url('blobs/uploads/');
    if (source !== undefined) {
      url.searchParams.set('mount', digest);
      url.searchParams.set('from', source);
    }
    const response = await this.#connection.send({ method: 'POST', url, headers: { 'Content-Length': '0' } });
    if (response.statusCode !== 201 && response.statusCode !== 202) throw await pushError(response);
    response.resume();
    return response.statusCode === 201 ? undefined : { url: locationOf(response, url), offset: 0 };
  }

  async #upload({ url, offset }: Upload, { digest, size }: Descriptor, content: BlobContent): Promise<void> {
    const headers = {
      'Content-Type': 'application/octet-stream',
      'Content-Length': String(size - offset),
      ...(offset > 0 && { 'Content-Range': `${offset}-${size - 1}` }),
    };
    const sent = await this.#connection.send({ method: 'PATCH', url, headers, stream: content(offset) });
    if (sent.statusCode !== 202 && sent.statusCode !== 204) throw await pushError(sent);
    sent.resume();
    const end = locationOf(sent, url);
    end.searchParams.set('digest', digest);
    const kept = await this.#connection.send({ method: 'PUT', url: end, headers: { 'Content-Length': '0' } });
    if (kept.statusCode !== 201 && kept.statusCode !== 204) throw await pushError(kept);
    kept.resume();
  }

  /** How far an upload has got; `undefined` when the registry has forgotten it. */
  async #progressOf({ url }: Upload): Promise<Upload | undefined> {
    const response = await this.#connection.send({ method: 'GET', url });
    response.resume();
    const range = /^(?:bytes=)?0-(\d+)$/.exec(String(response.headers['range'] ?? ''));
    if (response.statusCode !== 204 || range === null) return undefined;
    // An empty upload and one of a single byte are told in the same way: begin anew.
    const last = Number(range[1]);
    return last === 0 ? undefined : { url: locationOf(response, url), offset: last + 1 };
  }

  #url(path: string): URL {
    return new URL(`/v2/${this.#path}/${path}`, this.#connection.base);
  }
}

/** An upload that has begun. */
interface Upload {
  readonly url: URL;
  /** Bytes that the registry has. */
  readonly offset: number;
}

function locationOf(response: HttpResponse, url: URL): URL {
  return new URL(response.headers.location ?? '', url);
}

import { setTimeout as delay } from 'node:timers/promises';
import { codeOf, FairleadError } from '@fairlead/base';
import { type Descriptor, type Digest, digestOf, verified } from '../document/digest.ts';
import { canonicalText, type ImageReference } from '../document/image-reference.ts';
import { acceptedManifestTypes } from '../document/manifest.ts';
import { type HttpResponse, readBody } from './http-transport.ts';
import { type ConnectionOptions, RegistryConnection } from './registry-connection.ts';
import { type RegistryEndpoint, type RegistrySettings, registryEndpoints } from './registry-endpoint.ts';
import { registryError } from './registry-error.ts';

/** How to talk to registries. */
export interface RegistryClientOptions extends RegistrySettings, ConnectionOptions {
  /** Milliseconds to wait before a broken transfer is taken up again; each further time once more as long. */
  readonly retryDelay?: number | undefined;
  /** What the repository holds, where that is not images: registries give access to it apart. */
  readonly holds?: 'plugin';
}

/** What access to a repository is called (distribution, docs/spec/auth/scope.md). */
export function accessScope({ path }: Pick<ImageReference, 'path'>, actions: string, holds?: 'plugin'): string {
  return `repository${holds === undefined ? '' : `(${holds})`}:${path}:${actions}`;
}

/** A manifest as it came, with what names it. */
export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** Which part of a blob is wanted, and who is told of difficulties. */
export interface BlobOptions {
  /** Where to begin, in bytes. */
  readonly offset?: number;
  /** Told how many milliseconds pass until the next attempt. */
  readonly onRetry?: (milliseconds: number) => void;
}

/** The distribution spec lets registries refuse larger ones. */
const maximumManifest = 4 * 1024 * 1024;
const maximumAttempts = 5;

/**
 * One repository at one endpoint, read only: manifests and blobs (OCI distribution spec, "Pull").
 *
 * Disposing it ends its connections.
 */
export class RemoteRepository implements Disposable {
  readonly #reference: ImageReference;
  readonly #connection: RegistryConnection;
  readonly #options: RegistryClientOptions;

  private constructor(reference: ImageReference, connection: RegistryConnection, options: RegistryClientOptions) {
    this.#reference = reference;
    this.#connection = connection;
    this.#options = options;
  }

  /**
   * Make contact with an endpoint.
   *
   * @throws FairleadError when nothing answers, in the words of the last attempt.
   */
  static async connect(
    reference: ImageReference,
    endpoint: RegistryEndpoint,
    options: RegistryClientOptions,
  ): Promise<RemoteRepository> {
    const connection = await RegistryConnection.open(endpoint, accessScope(reference, 'pull', options.holds), options);
    return new RemoteRepository(reference, connection, options);
  }

  /**
   * The manifest of a tag or digest.
   *
   * @throws FairleadError `not-found` when there is none; `internal` when it is not what the digest says.
   */
  async manifest(tagOrDigest: string): Promise<FetchedManifest> {
    const response = await this.#get(`manifests/${tagOrDigest}`, { Accept: acceptedManifestTypes.join(', ') });
    const bytes = await readBody(response, maximumManifest);
    const digest = digestOf(bytes);
    if (tagOrDigest.startsWith('sha256:') && tagOrDigest !== digest) {
      throw new FairleadError('internal', `manifest verification failed for digest ${tagOrDigest}`);
    }
    const mediaType = response.headers['content-type'] ?? '';
    return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
  }

  /**
   * All tags, in the registry's order (OCI distribution spec, "Listing Tags").
   *
   * @throws FairleadError `not-found` when there is no such repository.
   */
  async tags(): Promise<readonly string[]> {
    const tags: string[] = [];
    for (let path: string | undefined = 'tags/list'; path !== undefined; ) {
      const response = await this.#get(path, {});
      tags.push(...tagsIn(await readBody(response, maximumManifest)));
      path = nextPage(response.headers['link']);
    }
    return tags;
  }

  /** A small blob, whole. @throws FairleadError `internal` when it is not the one or has more than `limit` bytes. */
  async read(descriptor: Descriptor, limit: number): Promise<Buffer> {
    return await readBody(verified(this.#resumed(descriptor, {}), descriptor), limit);
  }

  /** A blob as a stream, whose digest whoever takes it has to check; it never gives more than the size says. */
  blob(descriptor: Descriptor, options: BlobOptions = {}): AsyncIterable<Uint8Array> {
    return this.#resumed(descriptor, options);
  }

  /** End the connections. */
  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }

  /** A broken transfer goes on where it stopped. */
  async *#resumed({ digest, size }: Descriptor, options: BlobOptions): AsyncGenerator<Uint8Array> {
    let offset = options.offset ?? 0;
    for (let attempt = 1; ; attempt++) {
      try {
        for await (const chunk of this.#range(digest, offset)) {
          offset += chunk.length;
          // Too much: whoever checks the blob finds that its end is missing.
          if (offset > size) return;
          yield chunk;
        }
        if (offset >= size) return;
        throw new FairleadError('internal', 'unexpected EOF');
      } catch (error) {
        if (attempt === maximumAttempts || codeOf(error) !== 'internal') throw error;
        const milliseconds = attempt * (this.#options.retryDelay ?? 1000);
        options.onRetry?.(milliseconds);
        await delay(milliseconds, undefined, { signal: this.#options.signal });
      }
    }
  }

  /** Bytes of a blob from `offset` on, also from a registry that knows no ranges. */
  async *#range(digest: Digest, offset: number): AsyncGenerator<Uint8Array> {
    const headers: Record<string, string> = offset === 0 ? {} : { Range: `bytes=${offset}-` };
    const response = await this.#get(`blobs/${digest}`, headers);
    let skip = response.statusCode === 206 ? 0 : offset;
    try {
      for await (const chunk of response) {
        const bytes: Uint8Array = chunk;
        if (skip < bytes.length) yield skip === 0 ? bytes : bytes.subarray(skip);
        skip = Math.max(0, skip - bytes.length);
      }
    } catch (error) {
      if (this.#options.signal?.aborted) throw new FairleadError('cancelled', 'context canceled', { cause: error });
      throw new FairleadError('internal', 'unexpected EOF', { cause: error });
    }
  }

  async #get(path: string, headers: Record<string, string>): Promise<HttpResponse> {
    const url = new URL(`/v2/${this.#reference.path}/${path}`, this.#connection.base);
    const response = await this.#connection.send({ method: 'GET', url, headers });
    if (response.statusCode === 200 || response.statusCode === 206) return response;
    throw await registryError(response, url, this.#reference);
  }
}

function tagsIn(body: Uint8Array): string[] {
  const list: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
  const tags = typeof list === 'object' && list !== null && 'tags' in list ? list.tags : undefined;
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [];
}

/** The query of the next page, from a header as `</v2/name/tags/list?n=100&last=b>; rel="next"`. */
function nextPage(link: string | string[] | undefined): string | undefined {
  const query = /<[^>?]*\?([^>]*)>;\s*rel="?next"?/.exec(String(link ?? ''))?.[1];
  return query === undefined ? undefined : `tags/list?${query}`;
}

/**
 * The manifest of an image, and the repository that it was found in: mirrors first, then the registry itself.
 *
 * @throws FairleadError in the words of the registry itself when a mirror failed too.
 */
export async function openImage(
  reference: ImageReference,
  options: RegistryClientOptions,
): Promise<{ repository: RemoteRepository; manifest: FetchedManifest }> {
  let failure: unknown = new FairleadError('internal', `no endpoint for ${canonicalText(reference)}`);
  for (const endpoint of await registryEndpoints(reference.domain, options)) {
    let repository: RemoteRepository | undefined;
    try {
      repository = await RemoteRepository.connect(reference, endpoint, options);
      return { repository, manifest: await repository.manifest(reference.digest ?? reference.tag ?? 'latest') };
    } catch (error) {
      repository?.[Symbol.dispose]();
      if (codeOf(error) === 'cancelled') throw error;
      failure = error;
    }
  }
  throw failure;
}

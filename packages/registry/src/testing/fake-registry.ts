import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SampleImage } from './sample-image.ts';

/** What a test wants the registry to do instead of answering; true when it has answered. */
export type Intercept = (request: http.IncomingMessage, response: http.ServerResponse) => boolean;

/** A registry on a loopback port that serves what a test puts into it, and does what the test tells it. */
export class FakeRegistry implements AsyncDisposable {
  /** By repository and tag or digest: `app:v1`, `app:sha256:…`. */
  readonly manifests = new Map<string, { readonly mediaType: string; readonly bytes: Uint8Array }>();
  readonly blobs = new Map<string, Uint8Array>();
  /** `GET /v2/…` with the authorization that came with it. */
  readonly requests: { readonly line: string; readonly authorization: string; readonly range: string }[] = [];
  intercept: Intercept = () => false;
  readonly #server = http.createServer((request, response) => this.#serve(request, response));

  static async start(): Promise<FakeRegistry> {
    const registry = new FakeRegistry();
    registry.#server.listen(0, '127.0.0.1');
    await once(registry.#server, 'listening');
    return registry;
  }

  /** `127.0.0.1:PORT`. */
  get host(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `127.0.0.1:${port}`;
  }

  /** Serve an image under a name and by its digest. */
  add(repository: string, tag: string, { manifest, blobs }: Pick<SampleImage, 'manifest' | 'blobs'>): void {
    const { descriptor, bytes } = manifest;
    const served = { mediaType: descriptor.mediaType, bytes };
    this.manifests.set(`${repository}:${tag}`, served);
    this.manifests.set(`${repository}:${descriptor.digest}`, served);
    for (const [digest, blob] of blobs) this.blobs.set(digest, blob);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { authorization = '', range = '' } = request.headers;
    this.requests.push({ line: `${request.method} ${request.url}`, authorization, range });
    if (this.intercept(request, response)) return;
    const path = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(request.url ?? '');
    const [, repository = '', kind, name = ''] = path ?? [];
    if (kind === undefined) response.end('{}');
    else if (kind === 'blobs') this.#serveBlob(name, range, response);
    else this.#serveManifest(`${repository}:${name}`, response);
  }

  #serveManifest(key: string, response: http.ServerResponse): void {
    const manifest = this.manifests.get(key);
    if (manifest === undefined) return refuse(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown');
    response.setHeader('Content-Type', manifest.mediaType).end(manifest.bytes);
  }

  #serveBlob(digest: string, range: string, response: http.ServerResponse): void {
    const blob = this.blobs.get(digest);
    if (blob === undefined) return refuse(response, 404, 'BLOB_UNKNOWN', 'blob unknown to registry');
    const start = Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0);
    response.writeHead(start > 0 ? 206 : 200).end(blob.subarray(start));
  }
}

/** Answer with the error document of the distribution spec. */
export function refuse(response: http.ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ errors: [{ code, message }] }));
}

import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import type { BuildCacheChoice, BuildCacheRecord, BuildReport, RequestedBuild } from '@fairlead/buildkit';

/** Builds in BuildKit's own way, for clients that speak its protocol. */
export interface BuildKitService {
  /** Answer the gRPC calls of a client that has given its connection for HTTP/2; resolves when it is over. */
  serveCalls(client: Duplex): Promise<void>;
  /**
   * Let builds ask a client for files and credentials; resolves when either has gone.
   *
   * @param headers of the request, which say what can be asked for.
   */
  serveSession(client: Duplex, headers: IncomingHttpHeaders): Promise<void>;
  /**
   * Build what a request asks for; what fails before anything has begun is thrown first.
   *
   * @param body of the request: the context, where that is nowhere else.
   */
  build(requested: RequestedBuild, body: AsyncIterable<Uint8Array>): AsyncIterable<BuildReport>;
  /** Give a build the context that it waits for; resolves when the build is over. */
  giveContext(id: string, context: AsyncIterable<Uint8Array>): Promise<void>;
  /** Give up a build by the ID that its client has given it; one that is not known is no error. */
  cancel(id: string): void;
  /** What it keeps; nothing where it has never built. */
  cache(): Promise<readonly BuildCacheRecord[]>;
  /** Remove from it. @returns what has gone. */
  pruneCache(choice: BuildCacheChoice): Promise<readonly Pick<BuildCacheRecord, 'id' | 'size'>[]>;
}

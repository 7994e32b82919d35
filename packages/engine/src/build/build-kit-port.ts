import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import type { BuildCacheChoice, BuildCacheRecord } from '@fairlead/buildkit';
import type { Progress } from '../progress-port.ts';

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
  /** A build that is asked for beside a session. @throws FairleadError `not-implemented` that says what to do instead. */
  build(): Promise<AsyncGenerator<Progress>>;
  /** What it keeps; nothing where it has never built. */
  cache(): Promise<readonly BuildCacheRecord[]>;
  /** Remove from it. @returns what has gone. */
  pruneCache(choice: BuildCacheChoice): Promise<readonly Pick<BuildCacheRecord, 'id' | 'size'>[]>;
}

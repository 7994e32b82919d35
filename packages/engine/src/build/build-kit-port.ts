import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Progress } from '../progress-port.ts';

/** A piece of what BuildKit keeps of builds. */
export interface BuildCacheRecord {
  readonly id: string;
  readonly parents: readonly string[];
  /** `regular`, `source.local`, `exec.cachemount` and the like. */
  readonly type: string;
  readonly description: string;
  readonly isUsed: boolean;
  /** It is an image's, too: its space is not had back. */
  readonly isShared: boolean;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** The same; absent when it never was. */
  readonly lastUsed?: number;
  readonly uses: number;
}

/** Which of what nobody uses is to go. */
export interface BuildCacheChoice {
  /** What builds could not use again by themselves, such as images that they were based on. */
  readonly all: boolean;
  /** Milliseconds since it was used last. */
  readonly unusedFor: number;
  /** Bytes that may stay in any case. */
  readonly reserved: number;
  /** Bytes that it may use at most; 0 for no limit. */
  readonly most: number;
  /** Bytes that are to be free on the disk. */
  readonly free: number;
  /** In containerd's words, `type==regular`; all must be met. */
  readonly filter: string;
}

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

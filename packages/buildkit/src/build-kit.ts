import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { FairleadError, KeyedMutex, type Logger, messageOf, newIdentifier } from '@fairlead/base';
import { GrpcChannel, GrpcStatus } from '@fairlead/runtime';
import { type BuildCacheChoice, type BuildCacheRecord, cacheRecords, pruneCache } from './build-cache.ts';
import { BuildJobs } from './build-jobs.ts';
import { Buildkitd } from './buildkitd.ts';
import { type BuildkitdSettings, buildkitdPlaces } from './buildkitd-config.ts';
import { type CallChange, relayCall, relayChanged } from './call-relay.ts';
import { type CallHeaders, serveCalls } from './call-server.ts';
import { SolveRequest, SolveResponse } from './gen/control.ts';
import { refuseCall } from './refusal.ts';
import { type RequestedBuild, solveRequest } from './requested-build.ts';
import { ServedContext } from './served-context.ts';
import { endSession, relaySession, sessionOffer } from './session-relay.ts';
import { type BuildReport, solve } from './solve.ts';
import { type BuiltImage, builtImage, intoContainerd, namedById } from './solve-exchange.ts';
import { type StepNetworkPort, StepNetworks } from './step-networks.ts';

/** What builds need of the engine. */
export interface BuildKitOptions {
  /** @returns how to run buildkitd. @throws FairleadError `not-implemented` that says how to get what is missing. */
  readonly settings: () => Promise<BuildkitdSettings>;
  readonly networks: StepNetworkPort;
  /** Take an image into the engine's store. @returns its ID. */
  readonly keep: (image: BuiltImage) => Promise<string>;
  /** Clear up what builds leave: a buildkitd has ended. */
  readonly tidy: () => Promise<void>;
  readonly logger: Logger;
}

/** Milliseconds for which a buildkitd that nobody uses stays: the next build is likely to come soon. */
const idleTime = 60_000;

/**
 * BuildKit for the clients of this engine. A buildkitd is started when the first of them asks for something, works in
 * the engine's containerd, and is ended when nobody has used it for a while. What clients say is passed on as it is, but
 * for builds whose image is to be the engine's.
 */
export class BuildKit implements AsyncDisposable {
  readonly #options: BuildKitOptions;
  readonly #turns = new KeyedMutex();
  readonly #jobs = new BuildJobs();
  #running: { readonly buildkitd: Buildkitd; readonly networks: StepNetworks } | undefined;
  #users = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: BuildKitOptions) {
    this.#options = options;
  }

  /** Answer the gRPC calls of a client that has given its connection for HTTP/2; resolves when it is over. */
  async serveCalls(client: Duplex): Promise<void> {
    await this.#use(
      (server) => serveCalls(client, (stream, headers) => this.#relay(stream, headers, server)),
      // The connection is not refused: a client would take that for an engine that knows nothing of BuildKit.
      (reason) => serveCalls(client, (stream) => refuseCall(stream, GrpcStatus.failedPrecondition, reason)),
    );
  }

  /**
   * Let a build ask its client for files and credentials; resolves when the client has gone.
   *
   * @param headers of the request, which say what can be asked.
   */
  async serveSession(client: Duplex, headers: IncomingHttpHeaders): Promise<void> {
    await this.#use(
      (server) => relaySession(client, sessionOffer(headers), server),
      // What is asked for meanwhile is answered with the reason.
      () => endSession(client),
    );
  }

  /**
   * Build what a request asks for; what fails before anything has begun is thrown first.
   *
   * @param body of the request: the context, where that is nowhere else.
   */
  async *build(requested: RequestedBuild, body: AsyncIterable<Uint8Array>): AsyncGenerator<BuildReport> {
    using job = this.#jobs.open(requested.id);
    const { hostGateway } = await this.#options.settings();
    const given = { '': () => body, 'upload-request': () => job.context() }[requested.remote];
    const isRemote = given === undefined && requested.remote !== 'client-session';
    await using served = given && (await ServedContext.listen(await given()));
    const context = isRemote ? requested.remote : served?.url;
    const asked = solveRequest(requested, { ref: newIdentifier(), context, hostGateway });
    using _ = this.#hold();
    const { socket } = await this.#ready();
    using channel = new GrpcChannel(() => connect(socket));
    const signal = AbortSignal.any([requested.signal, job.cancelled]);
    yield* solve(channel, SolveRequest.fromPartial(asked), this.#options.keep, signal);
  }

  /** Give a build the context that it waits for; resolves when the build is over. */
  async giveContext(id: string, context: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#options.settings();
    await this.#jobs.give(id, context);
  }

  /** Give up a build by the ID that its client has given it; one that is not known is no error. */
  cancel(id: string): void {
    this.#jobs.cancel(id);
  }

  /** What buildkitd keeps of builds; nothing where none has ever built here, and then none is started for it. */
  async cache(): Promise<BuildCacheRecord[]> {
    return await this.#ofCache(cacheRecords);
  }

  /** Remove from that. @returns what has gone. */
  async pruneCache(choice: BuildCacheChoice): Promise<BuildCacheRecord[]> {
    return await this.#ofCache((channel) => pruneCache(channel, choice));
  }

  async #ofCache(work: (channel: GrpcChannel) => Promise<BuildCacheRecord[]>): Promise<BuildCacheRecord[]> {
    const root = await this.#options.settings().then(
      (settings) => settings.root,
      () => undefined,
    );
    if (root === undefined || !existsSync(`${root}/cache.db`)) return [];
    using _ = this.#hold();
    const { socket } = await this.#ready();
    using channel = new GrpcChannel(() => connect(socket));
    return await work(channel);
  }

  /** End the buildkitd, if there is one; builds under way are given up. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#idle);
    await this.#turns.run('buildkitd', () => this.#stop());
  }

  #relay(stream: ServerHttp2Stream, headers: CallHeaders, server: ClientHttp2Session): void {
    if (headers[':path'] !== '/moby.buildkit.v1.Control/Solve') return relayCall(stream, headers, server);
    relayChanged(stream, headers, server, this.#solve());
  }

  /** A build whose image the engine keeps before its client hears that it is there. */
  #solve(): CallChange {
    let asked: SolveRequest | undefined;
    return {
      request: (message) => {
        asked = intoContainerd(SolveRequest.decode(message));
        return asked === undefined ? message : SolveRequest.encode(asked).finish();
      },
      response: async (message) => {
        const response = SolveResponse.decode(message);
        const image = asked && builtImage(asked, response);
        if (image === undefined) return message;
        const id = await this.#options.keep(image);
        return SolveResponse.encode(namedById(response, id, image)).finish();
      },
    };
  }

  /** Work with a connection to buildkitd, or with the reason why there is none. */
  async #use(
    work: (server: ClientHttp2Session) => Promise<void>,
    otherwise: (reason: string) => Promise<void>,
  ): Promise<void> {
    using _ = this.#hold();
    const server = await this.#connect().catch((error: unknown) => messageOf(error));
    if (typeof server === 'string') return await otherwise(server);
    try {
      await work(server);
    } finally {
      server.destroy();
    }
  }

  /** buildkitd stays until this is disposed of. */
  #hold(): Disposable {
    clearTimeout(this.#idle);
    this.#users++;
    return {
      [Symbol.dispose]: () => {
        this.#users--;
        if (this.#users === 0) this.#idle = setTimeout(() => void this.#stopIdle(), idleTime).unref();
      },
    };
  }

  async #connect(): Promise<ClientHttp2Session> {
    const { socket } = await this.#ready();
    const server = connectHttp2('http://localhost', {
      createConnection: () => connect(socket),
      settings: { initialWindowSize: 1 << 20, enablePush: false },
      // grpc-go announces no limit, and Node then holds the 101st call back for ever.
      peerMaxConcurrentStreams: 2 ** 31 - 1,
    });
    // Every call tells the loss by itself; without a listener the error would end the process.
    server.on('error', () => {});
    server.once('connect', () => server.setLocalWindowSize(16 << 20));
    // It listens before it is ready, and says so by what a server says first.
    await Promise.race([once(server, 'remoteSettings'), once(server, 'close')]);
    if (!server.closed) return server;
    throw new FairleadError('unavailable', 'buildkitd has ended');
  }

  async #ready(): Promise<Buildkitd> {
    return await this.#turns.run('buildkitd', () => this.#start());
  }

  async #start(): Promise<Buildkitd> {
    if (this.#running !== undefined) return this.#running.buildkitd;
    const settings = await this.#options.settings();
    mkdirSync(settings.state, { recursive: true, mode: 0o700 });
    const networks = await StepNetworks.listen(buildkitdPlaces(settings).networkSocket, this.#options.networks);
    try {
      const buildkitd = await Buildkitd.start(settings);
      this.#running = { buildkitd, networks };
      void buildkitd.ended.then((how) => this.#lost(buildkitd, how));
      return buildkitd;
    } catch (error) {
      await networks[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** It ended by itself: whoever comes next gets another one. */
  async #lost(buildkitd: Buildkitd, how: string): Promise<void> {
    if (this.#running?.buildkitd !== buildkitd) return;
    this.#options.logger.warn('buildkitd lost', { how });
    await this.#turns.run('buildkitd', async () => {
      if (this.#running?.buildkitd === buildkitd) await this.#stop();
    });
  }

  async #stopIdle(): Promise<void> {
    await this.#turns.run('buildkitd', async () => {
      if (this.#users === 0) await this.#stop();
    });
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.buildkitd.stop();
    if (running === undefined) return;
    await running.networks[Symbol.asyncDispose]();
    await this.#options.tidy();
  }
}

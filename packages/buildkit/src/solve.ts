import { FairleadError } from '@fairlead/base';
import { type GrpcChannel, methodsOf } from '@fairlead/runtime';
import { ControlDefinition, type SolveRequest, StatusResponse } from './gen/control.ts';
import { type BuiltImage, builtImage, intoContainerd } from './solve-exchange.ts';

const rpc = methodsOf(ControlDefinition);

/** What a build tells of itself. */
export interface BuildReport {
  /** A StatusResponse of BuildKit's, for clients that know what to do with it. */
  readonly trace?: Uint8Array;
  /** The ID of the image, at the end, when it is the engine's. */
  readonly built?: string;
}

/**
 * Build, and tell of it. Whoever stops listening gives the build up.
 *
 * @param keep takes an image into the engine's store. @returns its ID.
 * @throws GrpcError when it fails, in buildkitd's words.
 */
export async function* solve(
  channel: GrpcChannel,
  request: SolveRequest,
  keep: (image: BuiltImage) => Promise<string>,
  signal: AbortSignal,
): AsyncGenerator<BuildReport> {
  const left = new AbortController();
  const asked = intoContainerd(request);
  const solved = channel.unary(rpc.solve, asked ?? request, { signal: AbortSignal.any([signal, left.signal]) });
  try {
    yield* traces(channel, request.ref, solved);
    const response = await solved.catch((error: unknown) => {
      throw signal.aborted ? new FairleadError('cancelled', 'context canceled', { cause: error }) : error;
    });
    const image = asked && builtImage(asked, response);
    if (image !== undefined) yield { built: await keep(image) };
  } finally {
    left.abort();
  }
}

async function* traces(channel: GrpcChannel, ref: string, solved: Promise<unknown>): AsyncGenerator<BuildReport> {
  const stop = new AbortController();
  let isKnown = false;
  // What fails before it has begun is never told of, and buildkitd would wait for it for a while.
  solved.catch(() => {
    if (!isKnown) stop.abort();
  });
  try {
    for await (const status of channel.serverStream(rpc.status, { ref }, { signal: stop.signal })) {
      isKnown = true;
      yield { trace: StatusResponse.encode(status).finish() };
    }
  } catch {
    // Why it ended is said by the build itself.
  }
}

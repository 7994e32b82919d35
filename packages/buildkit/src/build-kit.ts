import type { Duplex } from 'node:stream';
import { FairleadError } from '@fairlead/base';
import { GrpcStatus } from '@fairlead/runtime';
import { serveCalls } from './call-server.ts';
import { refuseCall } from './refusal.ts';

const advice = 'set DOCKER_BUILDKIT=0 to build with the classic builder, which is';
/** What a client is told whose build needs BuildKit. */
const unsupported = `BuildKit is not supported by this version of Fairlead: ${advice}`;

/** BuildKit's protocol, spoken as far as it takes to say in one line what a client can do instead. */
export class BuildKit {
  /** Answer the gRPC calls of a client that has given its connection for HTTP/2; resolves when it is over. */
  async serveCalls(client: Duplex): Promise<void> {
    await serveCalls(client, (stream) => refuseCall(stream, GrpcStatus.failedPrecondition, unsupported));
  }

  /** @throws FairleadError `not-implemented`. */
  build(): never {
    throw new FairleadError('not-implemented', unsupported);
  }
}

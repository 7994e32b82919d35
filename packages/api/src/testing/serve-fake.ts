import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient } from '../client/api-client.ts';
import { ApiServer } from '../server.ts';
import { FakeEngine } from './fake-engine.ts';

/** A served fake engine, with a client for it. */
export interface ServedFake extends AsyncDisposable {
  readonly engine: FakeEngine;
  readonly server: ApiServer;
  readonly client: ApiClient;
  readonly socketPath: string;
  /** What the server logged. */
  readonly log: readonly string[];
}

/**
 * Serve a {@link FakeEngine} with the image `busybox:latest` on a unix socket in a folder of its own.
 *
 * @example
 * await using fake = await serveFake();
 * const containers = await fake.client.json('GET', '/containers/json');
 */
export async function serveFake(): Promise<ServedFake> {
  const folder = await mkdtemp(join(tmpdir(), 'fl-api-'));
  const socketPath = join(folder, 'api.sock');
  const engine = new FakeEngine();
  engine.images.add('busybox:latest');
  const log: string[] = [];
  const write = (message: string, details?: Record<string, unknown>): void => {
    log.push(`${message} ${JSON.stringify(details ?? {})}`);
  };
  const logger = { debug: write, info: write, warn: write, error: write };
  const server = new ApiServer({ engine, productVersion: '0.0.0', logger });
  await server.listen({ kind: 'unix', path: socketPath });
  return {
    engine,
    server,
    socketPath,
    log,
    client: new ApiClient(`unix://${socketPath}`),
    async [Symbol.asyncDispose]() {
      await server.close(0);
      await rm(folder, { recursive: true });
    },
  };
}

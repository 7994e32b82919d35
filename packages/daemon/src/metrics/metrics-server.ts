import { once } from 'node:events';
import { FairleadError, messageOf } from '@fairlead/base';
import { exposition, expositionType, type Metric } from './exposition.ts';
import type { MetricsAddress } from './metrics-address.ts';

// Importing the module by name would read all its exports, and one of them loads the whole of undici.
const { createServer } = process.getBuiltinModule('node:http');

/**
 * Serve `GET /metrics`.
 *
 * @throws FairleadError `unavailable` when the address cannot be had.
 */
export async function serveMetrics(address: MetricsAddress, collect: () => Promise<readonly Metric[]>) {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.replace(/\?.*/, '') !== '/metrics') {
      response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('404 page not found\n');
      return;
    }
    collect().then(
      (metrics) => response.writeHead(200, { 'Content-Type': expositionType }).end(exposition(metrics)),
      (error: unknown) => response.writeHead(500).end(`${messageOf(error)}\n`),
    );
  });
  try {
    server.listen(address.port, address.host === '' ? undefined : address.host);
    await once(server, 'listening');
  } catch (error) {
    throw new FairleadError('unavailable', `cannot serve metrics: ${messageOf(error)}`, { cause: error });
  }
  // A connection that could not be accepted is its client's loss alone; a fault that nobody hears ends the daemon.
  server.on('error', () => {});
  return {
    [Symbol.dispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

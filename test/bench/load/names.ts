import { parseIpAddress } from '@fairlead/base';
import { enterNamespace, openDatagramSocket, serveDatagramBatches } from '@fairlead/kernel/sockets';
import { quantile } from '../statistics.ts';
import { isAnswer, nameQuery } from './name-query.ts';

/**
 * Asks the name service of a container from inside its network namespace: askers with one question under way each, the
 * next one being sent in reply to the answer. `names.ts NAMESPACE-PATH NAME ASKERS MILLISECONDS`; writes
 * `{ rate, p50, p99, wrong }` as JSON, a second and microseconds.
 */
const [path = '', name = '', askers = '8', duration = '1000'] = process.argv.slice(2);
const milliseconds = Number(duration);
const server = parseIpAddress('127.0.0.11');
const query = nameQuery(name);
const latencies: number[] = [];
let wrong = 0;
const start = performance.now();
const end = start + milliseconds;

const clients = Array.from({ length: Number(askers) }, (_, asker) => {
  const descriptor = enterNamespace(path, () => openDatagramSocket({ family: 4, port: 0 }));
  let sent = performance.now();
  let id = asker;
  const client = serveDatagramBatches(descriptor, (slot, length) => {
    const now = performance.now();
    latencies.push((now - sent) * 1000);
    if (!isAnswer(slot.subarray(0, length), id)) wrong += 1;
    sent = now;
    id = (id + 1) & 0xffff;
    slot.set(query);
    slot[0] = id >> 8;
    slot[1] = id & 255;
    return now < end ? query.length : 0;
  });
  const first = query.slice();
  first[1] = asker;
  client.send(first, server, 53);
  return client;
});

await new Promise((resolve) => setTimeout(resolve, milliseconds + 50));
for (const client of clients) client[Symbol.dispose]();
latencies.sort((one, other) => one - other);
const rate = (latencies.length / milliseconds) * 1000;
process.stdout.write(JSON.stringify({ rate, p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), wrong }));

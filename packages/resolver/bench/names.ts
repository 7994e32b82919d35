import { fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { parseIpAddress } from '@fairlead/base';
import { encodeMessage, recordType } from '@fairlead/dns';
import { openDatagramSocket, serveDatagramBatches } from '@fairlead/kernel/sockets';

/**
 * How many container names a second, and how long one takes: askers with one question under way each, on one core,
 * against a server on another. `node packages/resolver/bench/names.ts [--askers 8] [--seconds 1]`.
 */
const { values } = parseArgs({
  options: { askers: { type: 'string', default: '8' }, seconds: { type: 'string', default: '1' } },
});
const askers = Number(values.askers);
const milliseconds = Math.min(2, Number(values.seconds)) * 1000;
const loopback = parseIpAddress('127.0.0.1');

/** Each asker is a socket of its own that sends its next question in reply to the answer. */
async function measure(mode: string): Promise<string> {
  const server = fork(`${import.meta.dirname}/name-service.ts`, [mode]);
  const [port]: number[] = await once(server, 'message');
  const query = encodeMessage({ id: 0, recursionDesired: true, questions: [question('c42')] });
  const latencies: number[] = [];
  const end = performance.now() + milliseconds;
  const clients = Array.from({ length: askers }, () => {
    const descriptor = openDatagramSocket({ family: 4, address: loopback, port: 0 });
    let sent = performance.now();
    const client = serveDatagramBatches(descriptor, (slot) => {
      const now = performance.now();
      latencies.push((now - sent) * 1000);
      sent = now;
      slot.set(query);
      slot[0] = latencies.length & 255;
      return now < end ? query.length : 0;
    });
    client.send(query, loopback, port ?? 0);
    return client;
  });
  await new Promise((resolve) => setTimeout(resolve, milliseconds + 100));
  for (const client of clients) client[Symbol.dispose]();
  server.kill();
  await once(server, 'exit');
  latencies.sort((one, other) => one - other);
  const at = (share: number) => Math.round(latencies[Math.floor(latencies.length * share)] ?? 0);
  const rate = Math.round((latencies.length / milliseconds) * 1000);
  return `${mode}: ${rate} answers/s, median ${at(0.5)} µs, p99 ${at(0.99)} µs`;
}

function question(name: string) {
  return { name, type: recordType.A, class: 1 };
}

for (const mode of ['echo', 'names']) console.log(await measure(mode));

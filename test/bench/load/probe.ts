import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { isAnswer, nameQuery } from './name-query.ts';

/**
 * Does one small thing again and again at a fixed pace in the namespace that it is started in, until its standard input
 * ends; then writes how often, and how often it failed, as JSON: `probe.ts name NAME`, `probe.ts page ADDRESS PORT`.
 * What takes longer than a second has failed: a lost packet of a handshake is sent again after that time.
 */
const pace = 10;
const patience = 1000;
const [kind = '', ...words] = process.argv.slice(2);
const attempt = kind === 'name' ? nameAsker(words[0] ?? '') : pageFetcher(words[0] ?? '', Number(words[1]));

let sent = 0;
let failed = 0;
let slowest = 0;
const pending = new Set<Promise<void>>();

function once(): void {
  const start = performance.now();
  sent += 1;
  const done = attempt().then((success) => {
    slowest = Math.max(slowest, performance.now() - start);
    if (!success) failed += 1;
    pending.delete(done);
  });
  pending.add(done);
}

const timer = setInterval(once, pace);
process.stdin.resume();
process.stdin.on('end', async () => {
  clearInterval(timer);
  await Promise.all(pending);
  process.stdout.write(JSON.stringify({ sent, failed, slowest: Math.round(slowest) }));
  process.exit();
});
process.stdout.write('ready\n');

/** Asks the name service of the container for the address of a name. */
function nameAsker(name: string): () => Promise<boolean> {
  const waiting = new Map<number, (success: boolean) => void>();
  const socket = createSocket('udp4');
  const query = nameQuery(name);
  let last = 0;
  // A refused question is one that is not answered in time.
  socket.on('error', () => {});
  socket.on('message', (message) => {
    const id = message.readUInt16BE(0);
    waiting.get(id)?.(isAnswer(message, id));
  });
  return () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    last = (last + 1) & 0xffff;
    const id = last;
    waiting.set(id, resolve);
    const question = Buffer.from(query);
    question.writeUInt16BE(id, 0);
    socket.send(question, 53, '127.0.0.11');
    setTimeout(() => resolve(false), patience);
    return promise.finally(() => waiting.delete(id));
  };
}

/** Fetches a page from a published port, on a connection of its own. */
function pageFetcher(host: string, port: number): () => Promise<boolean> {
  return () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    let page = '';
    const socket = connect({ host, port, timeout: patience });
    socket.on('connect', () => socket.write('GET /index.html HTTP/1.0\r\n\r\n'));
    socket.on('data', (piece) => {
      page += piece.toString('latin1');
    });
    socket.on('end', () => resolve(page.includes('it works')));
    socket.on('error', () => resolve(false));
    socket.on('timeout', () => resolve(false));
    setTimeout(() => resolve(false), patience);
    return promise.finally(() => socket.destroy());
  };
}

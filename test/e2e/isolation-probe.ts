import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, isIPv6 } from 'node:net';
import { createInterface } from 'node:readline';

/**
 * A program that answers and asks in the network namespace where it is started.
 *
 *     node isolation-probe.ts NAME ADDRESS,... PORT...
 *
 * On each port of each address it answers whoever connects, and every datagram, with its name and the address that it
 * sees the asker under. It says `ready`, then takes questions from standard input, each a line of a number, `tcp`, `udp` or
 * `icmp`, an address, a port, and for how many milliseconds to wait. Its answer is a line of the number and what came back:
 * the other one's line, `echo` for ICMP, or nothing. It ends with its input.
 */

const [name = '', addresses = '', ...ports] = process.argv.slice(2);

/** Addresses of IPv4 without the form that IPv6 sockets give them. */
function greeting(address: string | undefined): string {
  return `${name} ${address?.replace('::ffff:', '') ?? ''}`;
}

async function serve(host: string, port: number): Promise<void> {
  const stream = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(greeting(socket.remoteAddress));
  }).listen(port, host);
  const datagram = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  datagram.on('message', (_, { address, port: from }) => datagram.send(greeting(address), from, address));
  datagram.bind(port, host);
  await Promise.all([once(stream, 'listening'), once(datagram, 'listening')]);
}

function askStream(host: string, port: number, patience: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect({ host, port });
  socket.once('data', (data) => resolve(data.toString()));
  // Some of the servers are behind a relay that takes the connection before it knows: an end without an answer is none.
  socket.once('close', () => resolve(''));
  socket.on('error', () => {});
  setTimeout(() => socket.destroy(), patience);
  return promise;
}

function askDatagram(host: string, port: number, patience: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  socket.once('message', (data) => resolve(data.toString()));
  socket.on('error', () => resolve(''));
  socket.once('connect', () => socket.send('hello'));
  socket.connect(port, host);
  setTimeout(() => {
    resolve('');
    socket.close();
  }, patience);
  return promise;
}

function askEcho(host: string, _: number, patience: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  execFile('busybox', ['ping', '-c1', `-W${Math.ceil(patience / 1000)}`, host], (error) =>
    resolve(error ? '' : 'echo'),
  );
  return promise;
}

async function ask(line: string): Promise<void> {
  const [id, protocol, host = '', port, patience] = line.split(' ');
  const questions = { tcp: askStream, udp: askDatagram, icmp: askEcho };
  const question = protocol === 'udp' || protocol === 'icmp' ? questions[protocol] : questions.tcp;
  process.stdout.write(`${id} ${await question(host, Number(port), Number(patience))}\n`);
}

// One socket for each address: what answers to a datagram on all of them answers from the one nearest to the asker.
const places = addresses.split(',').flatMap((host) => ports.map((port) => serve(host, Number(port))));
await Promise.all(places);
process.stdout.write('ready\n');
for await (const line of createInterface(process.stdin)) void ask(line);
process.exit();

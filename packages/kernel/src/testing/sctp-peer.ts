import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { familyOf, type IpAddress, parseIpAddress } from '@fairlead/base';
import { openRawSocket } from './raw-socket.ts';
import { decodeSctp, encodeSctp, type SctpPacket } from './sctp-packet.ts';

/**
 * A program that opens SCTP associations and answers them, in the network namespace where it is started, by hand: not
 * every kernel speaks SCTP, but every one translates it.
 *
 *     node sctp-peer.ts NAME [PORT...]
 *
 * On the given ports it answers an INIT with an INIT ACK, whose state cookie is its name, the address that it sees the
 * asker under, and the port; on others with an ABORT. It says `ready`, then takes questions from standard input, each a
 * line of the port to ask from, which must be another one each time, address and port: `40000 192.0.2.1 5000`. Its
 * answer is a line of the port that asked and what came back from that address within a second: the cookie, `refused`
 * or `silence`. It ends when its input has ended and all is answered.
 */

const SCTP = 132;
const PATIENCE_MS = 1000;

const {
  positionals: [name = '', ...ports],
} = parseArgs({ allowPositionals: true });
const served = new Set(ports.map(Number));
/** By the port that they were asked from, and the address that has to answer. */
const questions = new Map<string, (answer: string) => void>();

const sockets = {
  4: openRawSocket(4, SCTP, takePacket),
  6: openRawSocket(6, SCTP, takePacket),
};

/** Every process with such a socket sees every packet: those for other askers, and our own to ourselves, as well. */
function takePacket(payload: Uint8Array, from: IpAddress): void {
  const packet = decodeSctp(payload);
  if (packet?.chunk === 'init') send(from, answerTo(packet, from));
  else if (packet !== undefined && packet.verificationTag === packet.destinationPort) {
    questions.get(`${packet.destinationPort} ${from}`)?.(packet.cookie ?? 'refused');
  }
}

function answerTo({ sourcePort, destinationPort, tag = 0 }: SctpPacket, from: IpAddress): SctpPacket {
  const header = { sourcePort: destinationPort, destinationPort: sourcePort, verificationTag: tag };
  if (!served.has(destinationPort)) return { ...header, chunk: 'abort' };
  return { ...header, chunk: 'init ack', tag: destinationPort, cookie: `${name} ${from} ${destinationPort}` };
}

function send(to: IpAddress, packet: SctpPacket): void {
  sockets[familyOf(to)].send(encodeSctp(packet), to);
}

/** Whoever asks calls itself by its port. */
async function ask(line: string): Promise<void> {
  const [from = '', address = '', port = ''] = line.split(' ');
  const sourcePort = Number(from);
  const key = `${sourcePort} ${parseIpAddress(address)}`;
  const { promise, resolve } = Promise.withResolvers<string>();
  questions.set(key, resolve);
  const alarm = setTimeout(() => resolve('silence'), PATIENCE_MS);
  send(parseIpAddress(address), {
    sourcePort,
    destinationPort: Number(port),
    verificationTag: 0,
    chunk: 'init',
    tag: sourcePort,
  });
  process.stdout.write(`${from} ${await promise}\n`);
  clearTimeout(alarm);
  questions.delete(key);
}

process.stdout.write('ready\n');
const asked: Promise<void>[] = [];
for await (const line of createInterface(process.stdin)) asked.push(ask(line));
await Promise.all(asked);
for (const socket of Object.values(sockets)) socket[Symbol.dispose]();

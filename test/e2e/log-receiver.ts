import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

/**
 * A program that receives logs on the loopback, by UDP, TCP and, with a certificate, TLS, and says in hexadecimal what came
 * by which way. Of fluentd it only knows how to acknowledge. It ends with its
 * standard input.
 *
 *     node log-receiver.ts [CERTIFICATE KEY]
 */

/** The way, and then what came by it. */
function tell(way: string, data: Uint8Array): void {
  process.stdout.write(`${way} ${Buffer.from(data).toString('hex')}\n`);
}

/** `{"ack": CHUNK}` in MessagePack, for the text of 48 bytes that follows the word. */
function acknowledgement(data: Buffer): Buffer | undefined {
  const at = data.indexOf('chunk');
  if (at < 0) return undefined;
  return Buffer.concat([Buffer.from([0x81, 0xa3]), Buffer.from('ack'), data.subarray(at + 5, at + 5 + 50)]);
}

function receive(way: string): (socket: Socket) => void {
  return (socket) => {
    socket.on('error', () => {});
    socket.on('data', (data: Buffer) => {
      tell(way, data);
      const answer = acknowledgement(data);
      if (answer !== undefined) socket.write(answer);
    });
  };
}

const [certificate, key] = process.argv.slice(2);
const datagrams = createSocket('udp4').on('message', (data) => tell('udp', data));
await new Promise<void>((resolve) => datagrams.bind(5140, '127.0.0.1', resolve));
const servers = [
  { port: 5141, server: createServer(receive('tcp')) },
  { port: 24_224, server: createServer(receive('fluentd')) },
];
if (certificate !== undefined && key !== undefined) {
  const files = { cert: readFileSync(certificate), key: readFileSync(key) };
  servers.push({ port: 5142, server: createTlsServer(files, receive('tls')) });
}
for (const { port, server } of servers) await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
process.stdin.resume().on('end', () => process.exit());
tell('ready', new Uint8Array(0));

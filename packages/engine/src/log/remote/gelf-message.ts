import { randomBytes } from 'node:crypto';
import type { LogMessage, LogOrigin } from './log-message.ts';

const severities = { stdout: 6, stderr: 3 } as const;
/** Bytes of a datagram that passes the Internet in one piece (Graylog2/go-gelf, gelf/udpwriter.go). */
const chunkSize = 1420;
const headerSize = 12;
const mostChunks = 128;

/** What every message of a container says of it, with the names that GELF gives additional fields. */
export function gelfFields(origin: LogOrigin): Readonly<Record<string, string>> {
  return {
    _command: origin.command,
    _container_id: origin.id,
    _container_name: origin.name,
    _created: new Date(origin.created).toISOString(),
    _image_id: origin.imageId,
    _image_name: origin.image,
    _tag: origin.tag,
    ...Object.fromEntries(Object.entries(origin.attributes).map(([name, value]) => [`_${name}`, value])),
  };
}

/** A message as GELF 1.1 has it, in JSON. */
export function gelfText(message: LogMessage, hostname: string, fields: Readonly<Record<string, string>>): string {
  return JSON.stringify({
    version: '1.1',
    host: hostname,
    short_message: message.line.toString(),
    timestamp: Number(message.time / 1000n) / 1_000_000,
    level: severities[message.stream],
    ...fields,
  });
}

/**
 * The datagrams that carry a message, several when it is long.
 *
 * @returns none for one that is too long for GELF.
 */
export function gelfDatagrams(bytes: Uint8Array, id: Uint8Array = randomBytes(8)): Uint8Array[] {
  if (bytes.length <= chunkSize) return [bytes];
  const content = chunkSize - headerSize;
  const count = Math.ceil(bytes.length / content);
  if (count > mostChunks) return [];
  return Array.from({ length: count }, (_, index) => {
    const header = Buffer.from([0x1e, 0x0f, ...id, index, count]);
    return Buffer.concat([header, bytes.subarray(index * content, (index + 1) * content)]);
  });
}

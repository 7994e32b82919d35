import type { LogMessage, LogOrigin } from './log-message.ts';

const priorities = { stdout: '6', stderr: '3' } as const;
const newline = 10;

/** An entry as journald takes it (systemd, Native Journal Protocol): fields, those with line breaks by their length. */
export function journalEntry(message: LogMessage, origin: LogOrigin): Buffer {
  const { partial, stream, line } = message;
  const fields: [string, string | Uint8Array][] = [
    ['MESSAGE', line],
    ['PRIORITY', priorities[stream]],
    ['CONTAINER_ID', origin.id.slice(0, 12)],
    ['CONTAINER_ID_FULL', origin.id],
    ['CONTAINER_NAME', origin.name],
    ['CONTAINER_TAG', origin.tag],
    ['IMAGE_NAME', origin.image],
    ['SYSLOG_IDENTIFIER', origin.tag],
    ...Object.entries(origin.attributes).map(([name, value]): [string, string] => [fieldName(name), value]),
  ];
  if (partial !== undefined && !partial.isLast) fields.push(['CONTAINER_PARTIAL_MESSAGE', 'true']);
  if (partial !== undefined) {
    fields.push(['CONTAINER_PARTIAL_ID', partial.id], ['CONTAINER_PARTIAL_ORDINAL', String(partial.ordinal)]);
    fields.push(['CONTAINER_PARTIAL_LAST', String(partial.isLast)]);
  }
  return Buffer.concat(fields.filter(([name]) => name !== '').map(([name, value]) => field(name, Buffer.from(value))));
}

/** The journal takes capitals, digits and low lines, no low line first (moby, daemon/logger/journald, sanitizeKeyMod). */
function fieldName(name: string): string {
  return name
    .toUpperCase()
    .replace(/[^A-Z0-9_]/g, '_')
    .replace(/^_+/, '');
}

function field(name: string, value: Buffer): Buffer {
  if (!value.includes(newline)) return Buffer.concat([Buffer.from(`${name}=`), value, Buffer.of(newline)]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(value.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, value, Buffer.of(newline)]);
}

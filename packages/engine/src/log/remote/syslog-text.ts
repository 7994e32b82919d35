import type { LogMessage, LogOrigin } from './log-message.ts';
import type { SyslogSettings } from './remote-settings.ts';

const newline = Buffer.from('\n');
const severities = { stdout: 6, stderr: 3 } as const;
const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/**
 * A message as syslog takes it, in the form that was asked for (RFC 3164, RFC 5424 with the tag as application and message
 * id; without a form that of the C library, which names no host).
 *
 * @param pid of the engine, as with Docker.
 */
export function syslogMessage(
  message: LogMessage,
  origin: Pick<LogOrigin, 'hostname' | 'tag'>,
  settings: Pick<SyslogSettings, 'facility' | 'format'>,
  pid: number,
): Buffer {
  return Buffer.concat([Buffer.from(syslogHead(message, origin, settings, pid)), message.line, newline]);
}

/** RFC 5425, 4.3: over TLS a message of RFC 5424 has its length in bytes before it. */
export function withLength(message: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

function syslogHead(
  message: LogMessage,
  { hostname, tag }: Pick<LogOrigin, 'hostname' | 'tag'>,
  { facility, format }: Pick<SyslogSettings, 'facility' | 'format'>,
  pid: number,
): string {
  const priority = `<${facility * 8 + severities[message.stream]}>`;
  const date = new Date(Number(message.time / 1_000_000n));
  switch (format) {
    case '':
      return `${priority}${stamp(date)} ${tag}[${pid}]: `;
    case 'rfc3164':
      return `${priority}${stamp(date)} ${hostname} ${tag}[${pid}]: `;
    default: {
      const micros = format === 'rfc5424micro' ? `.${pad((message.time / 1000n) % 1_000_000n, 6)}` : '';
      return `${priority}1 ${dateTime(date, micros)} ${hostname} ${tag} ${pid} ${tag} - `;
    }
  }
}

/** `Nov  7 16:05:04`, in the machine's time zone. */
function stamp(date: Date): string {
  const day = String(date.getDate()).padStart(2, ' ');
  return `${months[date.getMonth()]} ${day} ${clock(date)}`;
}

/** `2026-11-07T16:05:04+01:00`. */
function dateTime(date: Date, fraction: string): string {
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  const offset = -date.getTimezoneOffset();
  const [hours, minutes] = [Math.trunc(Math.abs(offset) / 60), Math.abs(offset) % 60];
  const zone = offset === 0 ? 'Z' : `${offset < 0 ? '-' : '+'}${pad(hours)}:${pad(minutes)}`;
  return `${day}T${clock(date)}${fraction}${zone}`;
}

function clock(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => pad(part)).join(':');
}

function pad(number: number | bigint, length = 2): string {
  return String(number).padStart(length, '0');
}

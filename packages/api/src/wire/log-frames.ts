import type { LogLine } from '@fairlead/engine';
import { stdcopyHeader, stdcopyHeaderLength } from './stdcopy.ts';

/** How lines of a log are shown. */
export interface LogFormat {
  /** A terminal's output is sent as it is, everything else in frames. */
  readonly tty: boolean;
  readonly timestamps: boolean;
  readonly details: boolean;
}

/** Lines of a log as they go over the wire: a frame for each, as from Docker, and all of them in one piece. */
export function logFrames(lines: readonly LogLine[], format: LogFormat): Uint8Array {
  const headerLength = format.tty ? 0 : stdcopyHeaderLength;
  const beginnings = format.timestamps || format.details ? lines.map((line) => beginning(line, format)) : undefined;
  const beginningOf = (index: number) => beginnings?.[index] ?? '';
  const length = lines.reduce(
    (sum, { data }, index) => sum + headerLength + beginningOf(index).length + data.length,
    0,
  );
  const frames = Buffer.allocUnsafeSlow(length);
  let offset = 0;
  for (const [index, { stream, data }] of lines.entries()) {
    const before = beginningOf(index);
    if (!format.tty) offset = stdcopyHeader(stream, before.length + data.length, frames, offset);
    if (before !== '') offset += frames.write(before, offset, 'latin1');
    frames.set(data, offset);
    offset += data.length;
  }
  return frames;
}

/** What stands before a line; ASCII only. */
function beginning(line: LogLine, { timestamps, details }: LogFormat): string {
  return `${timestamps ? `${paddedTime(line.time)} ` : ''}${details ? `${attributeText(line)} ` : ''}`;
}

/** `name=value,...`, as in a query. */
function attributeText({ attributes = {} }: LogLine): string {
  const names = Object.keys(attributes).sort();
  return names.map((name) => String(new URLSearchParams([[name, attributes[name] ?? '']]))).join(',');
}

/** All nine digits, so that columns stand below each other. */
function paddedTime(time: string): string {
  if (time.length === 30) return time;
  const [, seconds = time, fraction = ''] = /^([^.Z]+)(?:\.(\d+))?Z$/.exec(time) ?? [];
  return `${seconds}.${fraction.padEnd(9, '0')}Z`;
}

import { parseEntry } from './log-entry.ts';
import type { LogLine } from './log-port.ts';

const prefix = '{"log":"';
const times = { stdout: '","stream":"stdout","time":"', stderr: '","stream":"stderr","time":"' } as const;
/** Both streams' names are as long, and so are all times that {@link LogLine} has and this program writes. */
const timeOffset = times.stdout.length;
const timeLength = '2026-01-02T03:04:05.678901234Z'.length;
const end = '"}';
const suffixLength = timeOffset + timeLength + end.length;
const newline = 10;

/**
 * Read the entries of whole lines. What is none is left out, such as what a crash of the machine left.
 *
 * An entry as most are, in which nothing but its newline is escaped, is not parsed: its line is a part of the block. That
 * takes a fifth of the time.
 *
 * @param block goes over to the lines; it is changed.
 */
export function logLinesOf(block: Buffer): LogLine[] {
  const text = block.toString('latin1');
  const lines: LogLine[] = [];
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf('\n', start);
    const stop = found < 0 ? text.length : found;
    const line = plainLine(block, text, start, stop) ?? parseEntry(block.toString('utf8', start, stop));
    if (line !== undefined) lines.push(line);
    start = stop + 1;
  }
  return lines;
}

/** `undefined` for an entry that needs a closer look: with other escapes, with attributes, or by another program. */
function plainLine(block: Buffer, text: string, start: number, stop: number): LogLine | undefined {
  const opened = start + prefix.length;
  const closed = stop - suffixLength;
  if (closed < opened || !text.startsWith(prefix, start) || !text.startsWith(end, stop - end.length)) return undefined;
  const stream = text.startsWith(times.stdout, closed) ? 'stdout' : 'stderr';
  if (stream === 'stderr' && !text.startsWith(times.stderr, closed)) return undefined;
  const data = plainData(block, text, opened, closed);
  if (data === undefined) return undefined;
  return { stream, data, time: text.slice(closed + timeOffset, closed + timeOffset + timeLength) };
}

function plainData(block: Buffer, text: string, opened: number, closed: number): Buffer | undefined {
  const escaped = text.indexOf('\\', opened);
  if (escaped < 0 || escaped >= closed) return block.subarray(opened, closed);
  if (escaped !== closed - 2 || text[closed - 1] !== 'n') return undefined;
  block[escaped] = newline;
  return block.subarray(opened, escaped + 1);
}

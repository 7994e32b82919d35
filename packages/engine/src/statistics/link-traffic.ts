import { readFileSync } from 'node:fs';
import type { LinkCounters } from './statistics-port.ts';

/**
 * Traffic of the interfaces that a process sees. One file of text: asking the kernel for links brings all else that there is
 * to know about each, and takes more than twice as long.
 *
 * @returns `undefined` for a process that has ended.
 */
export function linkTraffic(pid: number): readonly LinkCounters[] | undefined {
  try {
    return parseLinkTraffic(readFileSync(`/proc/${pid}/net/dev`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** `/proc/net/dev` (net/core/net-procfs.c): two lines of headings, then each link with eight columns for either direction. */
export function parseLinkTraffic(text: string): LinkCounters[] {
  const lines = text.split('\n').slice(2, -1);
  return lines.map((line) => {
    // A name may have a colon in it; no column has.
    const end = line.lastIndexOf(':');
    const columns = line
      .slice(end + 1)
      .trim()
      .split(/ +/)
      .map(Number);
    const column = (index: number) => columns[index] ?? 0;
    return {
      name: line.slice(0, end).trim(),
      receivedBytes: column(0),
      receivedPackets: column(1),
      receiveErrors: column(2),
      receiveDropped: column(3),
      sentBytes: column(8),
      sentPackets: column(9),
      sendErrors: column(10),
      sendDropped: column(11),
    };
  });
}

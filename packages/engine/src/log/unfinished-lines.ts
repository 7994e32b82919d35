import { type BigIntStats, readFileSync, rmSync, type Stats } from 'node:fs';
import type { OutputChunk } from '../container/stream-port.ts';

/**
 * What waited for the end of its line when an earlier version of this program let go of a log: it kept that in a file beside
 * it, which counts for the log as it was then. The file is removed.
 *
 * @param path of the log's newest file.
 */
export function takeUnfinishedLines(
  path: string,
  { ino, size }: Pick<Stats | BigIntStats, 'ino' | 'size'>,
): OutputChunk[] {
  const file = `${path}.unfinished`;
  try {
    const [state, stdout = '', stderr = ''] = JSON.parse(readFileSync(file, 'latin1').split('\n')[0] ?? '');
    if (state !== `${ino} ${size}`) return [];
    return [chunk('stdout', stdout), chunk('stderr', stderr)].filter(({ data }) => data.length > 0);
  } catch {
    // There is none, as a rule.
    return [];
  } finally {
    rmSync(file, { force: true });
  }
}

function chunk(stream: OutputChunk['stream'], text: unknown): OutputChunk {
  return { stream, data: Buffer.from(String(text), 'latin1') };
}

import { constants } from 'node:fs';
import type { PathStat } from '@fairlead/engine';
import { timeText } from './time.ts';

/** Go's bits for types and for what goes beyond permissions (Go, io/fs, FileMode). */
const goTypes: ReadonlyMap<number, number> = new Map([
  [constants.S_IFDIR, 2 ** 31],
  [constants.S_IFLNK, 2 ** 27],
  [constants.S_IFBLK, 2 ** 26],
  [constants.S_IFIFO, 2 ** 25],
  [constants.S_IFSOCK, 2 ** 24],
  [constants.S_IFCHR, 2 ** 26 + 2 ** 21],
]);
const goBits = [
  [0o4000, 2 ** 23],
  [0o2000, 2 ** 22],
  [0o1000, 2 ** 20],
] as const;

/** Type and permissions as Go keeps them. */
export function goFileMode(mode: number): number {
  const bits = goBits.filter(([bit]) => (mode & bit) !== 0).reduce((sum, [, value]) => sum + value, 0);
  return (goTypes.get(mode & constants.S_IFMT) ?? 0) + bits + (mode & 0o777);
}

/** The header `X-Docker-Container-Path-Stat`: base64 of JSON. */
export function presentPathStat({ name, size, mode, modified, linkTarget }: PathStat): string {
  const stat = { name, size, mode: goFileMode(mode), mtime: nanosecondText(modified), linkTarget };
  return Buffer.from(JSON.stringify(stat)).toString('base64');
}

/** {@link timeText} of whole seconds, with all digits of the rest: a number of milliseconds could not hold them. */
function nanosecondText(nanoseconds: bigint): string {
  const rest = ((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = timeText(Number((nanoseconds - rest) / 1_000_000n));
  const fraction = String(rest).padStart(9, '0').replace(/0+$/, '');
  return fraction === '' ? seconds : seconds.replace('Z', `.${fraction}Z`);
}

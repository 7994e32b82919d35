import { type ContainerDefaults, parseByteSize } from '@fairlead/engine';
import { invalidArgument } from './flag.ts';

const names =
  /^(core|cpu|data|fsize|locks|memlock|msgqueue|nice|nofile|nproc|rss|rtprio|rttime|sigpending|stack)=(-?\d+)(?::(-?\d+))?$/;

/** The value of `--default-ulimit`, `nofile=1024:2048`. @throws FairleadError `invalid-argument` in dockerd's words. */
export function parseUlimit(text: string): ContainerDefaults['ulimits'][number] {
  const refuse = (reason: string) => invalidArgument({ name: 'default-ulimit' }, text, reason);
  const [name, value] = text.split('=');
  if (value === undefined) throw refuse(`invalid ulimit argument: ${text}`);
  const match = names.exec(text);
  if (match === null) throw refuse(`invalid ulimit type: ${name}`);
  const soft = Number(match[2]);
  const hard = Number(match[3] ?? soft);
  if (hard !== -1 && (soft === -1 || soft > hard)) {
    throw refuse(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  }
  return { name: match[1] ?? '', soft, hard };
}

/** The value of `--default-shm-size` in bytes. @throws FairleadError `invalid-argument` in dockerd's words. */
export function parseShmSize(text: string): number {
  const size = parseByteSize(text, 1024);
  if (size === undefined) throw invalidArgument({ name: 'default-shm-size' }, text, `invalid size: '${text}'`);
  return size;
}

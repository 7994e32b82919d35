import { readFileSync } from 'node:fs';
import { FairleadError, hasSystemCode, messageOf } from '@fairlead/base';
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

/** The value of `--default-ipc-mode`. @throws FairleadError `invalid-argument` in dockerd's words. */
export function parseIpcDefault(text: string): ContainerDefaults['ipcMode'] {
  if (text === '' || text === 'private') return 'private';
  if (text === 'shareable') return text;
  const hint = 'use "shareable" or "private"';
  const isMode = ['host', 'none'].includes(text) || /^container:./.test(text);
  const fault = isMode
    ? `IPC mode "${text}" is not supported as default value`
    : `default IPC mode setting (${text}) is invalid`;
  throw new FairleadError('invalid-argument', `${fault}; ${hint}`);
}

/** The value of `--default-cgroupns-mode`; '' leaves it to the machine. @throws FairleadError in dockerd's words. */
export function parseCgroupNamespaceDefault(text: string): ContainerDefaults['cgroupNamespace'] {
  if (text === '') return undefined;
  if (text === 'host' || text === 'private') return text;
  throw new FairleadError('invalid-argument', `invalid default cgroup namespace (${text}): use "host" or "private"`);
}

/**
 * What `--seccomp-profile` names: a file's text, `unconfined`, or `undefined` for the one that is built in.
 *
 * @throws FairleadError `invalid-argument` in dockerd's words for a file that cannot be read.
 */
export function readSeccompDefault(path: string): string | undefined {
  if (path === '' || path === 'builtin') return undefined;
  if (path === 'unconfined') return path;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = hasSystemCode(error, 'ENOENT') ? `open ${path}: no such file or directory` : messageOf(error);
    throw new FairleadError('invalid-argument', `opening seccomp profile (${path}) failed: ${reason}`, {
      cause: error,
    });
  }
}

import { readFileSync } from 'node:fs';
import type { ForeignEntry } from './journal-entry.ts';

/** Who made a change, as far as the kernel tells. */
export type Author = Pick<ForeignEntry, 'program' | 'processId' | 'command'>;

/** PID_MAX_LIMIT (include/linux/threads.h): what is more is no process's number. */
const MOST_PROCESSES = 1 << 22;

/** The process of a number, with its name and what it was called with where it is still there. */
export function authorOf(processId: number, program = programOf(processId)): Author {
  return { processId, ...(program !== undefined && { program, ...commandOf(processId, program) }) };
}

/**
 * Who asked by a netlink socket. The kernel calls the first socket of a process by the process's number, and others by numbers
 * that no process has.
 *
 * @param port number of the socket; 0 is the kernel's own.
 */
export function authorAt(port = 0): Author {
  return port > 0 && port < MOST_PROCESSES ? authorOf(port) : {};
}

function programOf(processId: number): string | undefined {
  return read(processId, 'comm')?.trimEnd();
}

function commandOf(processId: number, program: string): Pick<Author, 'command'> {
  // Another process may have the number by now.
  if (programOf(processId) !== program) return {};
  const command = (read(processId, 'cmdline') ?? '').replace(/\0+$/, '').replaceAll('\0', ' ');
  return command === '' ? {} : { command };
}

function read(processId: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${processId}/${file}`, 'utf8');
  } catch {
    // Gone by now, as most are.
    return undefined;
  }
}
